"""What every estimation method returns: columns, curves and warnings, before they become a record."""

from dataclasses import dataclass, field

import pandas as pd

from citypanel.result import ColumnResult, Row


@dataclass(frozen=True)
class Estimate:
    """The answer of one method to one specification.

    `sample` holds the rows and columns that entered the estimation, for the record's hash.
    """

    columns: tuple[ColumnResult, ...]
    sample: pd.DataFrame
    curves: dict[str, list[Row]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
