"""What one estimation is asked to do: the same object from a study's column and from the command line."""

from dataclasses import dataclass

from citypanel.declare.methods import Options


@dataclass(frozen=True)
class Specification:
    """One estimation. Texts are as declared; formulas have their macros expanded.

    `vcov` is `iid`, `hetero` (HC1), `HC2`, `HC3`, `cluster:a+b`, `hac:LAGS`, `dk:LAGS` or `conley:KM:LAT:LON`.
    `where` is `COLUMN OP VALUE[ and ...]`. `winsorise` holds a lower and an upper share, or nothing.
    """

    method: str
    formula: str
    options: Options
    unit: str | None = None
    time: str | None = None
    vcov: str | None = None
    weights: str | None = None
    where: str | None = None
    winsorise: tuple[float, ...] = ()
    seed: int | None = None
    label: str | None = None
