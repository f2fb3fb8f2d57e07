"""Which cells a value rests on: through formulas, lags and years that stand in every row."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from citypanel.arrays import Mask
from citypanel.columns import shifted_values
from citypanel.declare.expression import Expression, Name, Shift, columns_in, parse_expression
from citypanel.declare.formula import Factor, Term

KEYS = ("city", "year")


def steps(expression: Expression) -> Iterator[tuple[str, int]]:
    """Yield each column that an expression reads and how many years before the row; a lead is negative.

    A difference reads all years from the row's to its own number before it.
    """
    for column in columns_in(expression):
        match column:
            case Name(name):
                yield name, 0
            case Shift("D", periods, name):
                yield from ((name, back) for back in range(periods + 1))
            case Shift(kind, periods, name):
                yield name, periods if kind == "L" else -periods


def steps_of_term(term: Term) -> Iterator[tuple[str, int]]:
    """Yield what `steps` does for a term of a formula; a factor reads its row."""
    for part in term.parts:
        if isinstance(part, Factor):
            yield part.name, 0
            if part.by is not None:
                yield part.by, 0
        else:
            yield from steps(part)


def leaves(variables: Mapping[str, Mapping[str, Any]], name: str, years: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    """Yield the variables and columns that are no formula behind a variable, with the year each row reads them at.

    Parameters
    ----------
    variables : mapping
        Variables of a panel as declared; a name that is not in it is a column of the yearbook.
    name : str
    years : Series
        The year of each row of the panel.
    """
    declared = variables.get(name, {})
    if declared.get("at") is not None:
        years = pd.Series(int(declared["at"]), index=years.index)
    if "formula" not in declared:
        yield name, years
        return
    for inner, back in dict.fromkeys(steps(parse_expression(str(declared["formula"])))):
        # A formula may read the column of the yearbook that it is named after.
        yield from leaves(variables if inner != name else {}, inner, years - back)


def moved(cells: Mask, panel: pd.DataFrame, back: int) -> Mask:
    """Return the rows whose value `back` years before is one of the cells."""
    return cells if not back else shifted_values(cells.astype(np.float64), panel, KEYS, back) == 1


def rows_reading(cells: Mask, panel: pd.DataFrame, read: Iterable[int]) -> Mask:
    """Return the rows that read one of the cells at any of the steps."""
    found: Mask = np.zeros(len(panel), dtype=np.bool_)
    for back in read:
        found = found | moved(cells, panel, back)
    return found
