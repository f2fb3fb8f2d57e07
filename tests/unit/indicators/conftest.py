"""Canonical tables made by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS

Cells = Mapping[str, Mapping[tuple[int, int], float]]


@pytest.fixture
def city_year(tmp_path: Path) -> Callable[[Cells], Path]:
    """Write a yearbook table from values by variable, city and year."""

    def write(values: Cells) -> Path:
        rows = [
            {"adcode": code, "year": year, "variable": variable, "value": value, "unit": "u", "source": "y.csv"}
            for variable, cells in values.items()
            for (code, year), value in cells.items()
        ]
        frame = pd.DataFrame(rows).assign(source_row=2, interpolated=False).sort_values(["adcode", "year", "variable"])
        path = tmp_path / "city_year.parquet"
        columns = [column.name for column in CONTRACTS["city_year"].columns]
        write_table(frame[columns], path, "city_year", origin=Origin())
        return path

    return write
