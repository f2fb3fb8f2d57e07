"""A study's weights matrices: the panel's cities, their coordinates, and a variable's mean."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from citypanel.arrays import Matrix
from citypanel.errors import InputError
from citypanel.panel.weights import city_weights
from citypanel.registers import Registers


def study_weights(declared: Mapping[str, Any], panel: pd.DataFrame, registers: Registers) -> tuple[Matrix, list[int]]:
    """Return a declared matrix, shape (cities, cities), and the adcodes of its rows, ascending.

    Parameters
    ----------
    declared : mapping
        `kind`, and `by` where the kind is economic.
    panel : DataFrame
        The study's panel; cities and the mean of `by` over the years come from it.

    Raises
    ------
    InputError
        A city has no coordinates, or no value of `by` in any year.
    """
    ids = sorted(int(code) for code in panel["city"].unique())
    known = registers.cities().drop_duplicates("adcode", keep="last").set_index("adcode")
    missing = [code for code in ids if code not in known.index]
    if missing:
        raise InputError(f"weights: {missing[0]} is no city of registers/cities.csv")
    cities = known.loc[ids].reset_index()
    means = None if declared["by"] is None else panel.groupby("city")[declared["by"]].mean().loc[ids]
    return city_weights(cities, declared["kind"], gdp_per_head=means), ids
