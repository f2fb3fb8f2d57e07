"""Treatment from the policy register: who is treated, from when."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from citypanel.errors import InputError

NEVER = 0  # cohort of a city that is never treated
FOURTH_QUARTER = 10  # its first month


def policy_column(keys: pd.DataFrame, policies: pd.DataFrame, declared: Mapping[str, Any]) -> pd.Series:
    """Return the treatment of each row of a panel.

    Parameters
    ----------
    keys : DataFrame
        `city` and `year` of each row.
    policies : DataFrame
        Rows of one policy: adcode, unit, year, term_start, counts_as_prefecture_treatment.
    declared : mapping
        `form`, `units`, `delay` and `years`, as the declaration of a policy variable has them.
    """
    chosen = counted_units(policies, units=declared["units"])
    # Membership needs no year: some public lists give none.
    members = pd.Series(0, index=chosen["adcode"].unique())
    first = members if declared["form"] == "ever" else cohorts(chosen, delay=declared["delay"])
    return treatment(keys, first, declared["form"], declared.get("years"))


def counted_units(policies: pd.DataFrame, *, units: str) -> pd.DataFrame:
    """Return whole prefectures; with `any` also counties and districts, which then treat their city."""
    return policies if units == "any" else policies[policies["counts_as_prefecture_treatment"] == 1]


def cohorts(policies: pd.DataFrame, *, delay: str) -> pd.Series:
    """Return the first treated year of each treated city.

    Parameters
    ----------
    policies : DataFrame
        Rows of one policy: adcode, unit, year, term_start (`2012-04`, needed for `fourth_quarter` only).
    delay : str
        `none`: treated from the year of the list; `fourth_quarter`: from the next year on where the term starts
        in October or later; `year`: always from the next year on.

    Raises
    ------
    InputError
        A unit has no year, or no month where one is needed; the line names it.
    """
    if policies["year"].isna().any():
        missing = policies.loc[policies["year"].isna(), "unit"].iloc[0]
        raise InputError(
            f"policy list: '{missing}' has no year; a treatment needs its first year (form: ever needs none)"
        )
    first = policies["year"].astype("int64")
    if delay == "year":
        first = first + 1
    if delay == "fourth_quarter":
        first = first + (_months(policies) >= FOURTH_QUARTER)
    return first.groupby(policies["adcode"]).min()


def _months(policies: pd.DataFrame) -> pd.Series:
    months = pd.to_numeric(policies["term_start"].astype("string").str.extract(r"^\d{4}-(\d{2})")[0]).astype("float64")
    if months.isna().any():
        row = policies[months.isna()].iloc[0]
        raise InputError(
            f"policy list: '{row['unit']}', column term_start: found '{row['term_start']}'; "
            "delay: fourth_quarter needs year and month, as 2012-04"
        )
    return months


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
