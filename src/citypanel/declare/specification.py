"""What one estimation is asked to do: the same object from a study's column and from the command line."""

from dataclasses import dataclass

from citypanel.declare.methods import Options


@dataclass(frozen=True)
class Group:
    """One group of a sample split: rows with `value` in the column `by`; `groups` are the values of all.

    `where` is the condition that all groups share. `tested` says that this column carries the test that the
    coefficient of `term` (default the first regressor) is the same in all groups.
    """

    by: str
    value: str
    groups: tuple[str, ...]
    where: str | None = None
    term: str | None = None
    tested: bool = False


@dataclass(frozen=True)
class Specification:
    """One estimation. Texts are as declared; formulas have their macros expanded.

    `vcov` is `iid`, `hetero` (HC1), `HC2`, `HC3`, `cluster:a+b`, `hac:LAGS`, `dk:LAGS` or `conley:KM:LAT:LON`.
    `where` is `COLUMN OP VALUE[ and ...]`. `winsorise` holds a lower and an upper share, or nothing. With a `group`,
    `where` holds the group's condition, too.
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
    group: Group | None = None
