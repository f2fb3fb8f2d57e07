"""What other software says of one column, before it is compared."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Testimony:
    """What the other software says of one column.

    Attributes
    ----------
    estimates : dict
        By term.
    errors : dict
        By term; empty where the other software does not express the declared variance.
    n : int
        Rows used.
    witness, settings : str
        The library's class with its version, and how it was called.
    remark : str
        Why something is not compared.
    """

    estimates: dict[str, float]
    errors: dict[str, float]
    n: int
    witness: str
    settings: str
    remark: str = ""


class Unheard(Exception):  # noqa: N818 - an answer, not a fault
    """The other software cannot say anything of a column; the text is the reason, for the table."""
