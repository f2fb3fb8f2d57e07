"""Treatment from the policy register: who is treated, from when."""

from collections.abc import Sequence

import pandas as pd

from citypanel.errors import InputError

NEVER = 0  # cohort of a city that is never treated


def cohorts(policies: pd.DataFrame, *, units: str) -> pd.Series:
    """Return the first treated year of each treated city.

    Parameters
    ----------
    policies : DataFrame
        Rows of one policy: adcode, year, counts_as_prefecture_treatment.
    units : str
        `prefecture` counts whole prefectures only; with `any` a treated county or district treats its city.
    """
    chosen = policies if units == "any" else policies[policies["counts_as_prefecture_treatment"] == 1]
    if chosen["year"].isna().any():
        missing = chosen.loc[chosen["year"].isna(), "unit"].iloc[0]
        raise InputError(f"registers/policies.csv: '{missing}' has no year; a treatment needs its first year")
    return chosen.groupby("adcode")["year"].min()


def treatment(keys: pd.DataFrame, first_years: pd.Series, form: str, years: Sequence[int] | None = None) -> pd.Series:
    """Return the treatment of each row of a panel.

    Parameters
    ----------
    keys : DataFrame
        `city` and `year` of each row.
    first_years : Series
        First treated year by adcode, as `cohorts` returns it.
    form : str
        `treated`: 1 from the first year on; `cohort`: the first year, 0 never; `ever`: 1 in every year.
    years : sequence of int, optional
        First and last year in which `treated` and `ever` may be 1; 0 before and after.
    """
    first = keys["city"].map(first_years)
    if form == "cohort":
        return first.fillna(NEVER).astype("int64")
    treated = first.notna() if form == "ever" else first.notna() & (keys["year"] >= first)
    if years is not None:
        treated &= keys["year"].between(years[0], years[1])
    return treated.astype("int64")
