"""What the options of every indicator have in common."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from citypanel.declare.methods import Options
from citypanel.declare.text import Text


def _split(value: object) -> object:
    """Turn `0.01,0.99` of the command line into its parts."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Years = Annotated[tuple[int, int], BeforeValidator(_split)]
Shares = Annotated[tuple[float, float], BeforeValidator(_split)]


class IndicatorOptions(Options):
    """Options of an indicator.

    `MAIN` is the option that always stands in the variant, first and without its name. `COLUMN` is the option
    that only picks a column of the file and therefore is not part of the variant.
    """

    MAIN: ClassVar[str] = ""
    COLUMN: ClassVar[str] = ""

    @property
    def files(self) -> dict[str, str]:
        """The user's files that the indicator reads, by the option that names them."""
        return {}

    @property
    def caution(self) -> Text | None:
        """What a reader of every table with this indicator must know, if anything."""
        return None
