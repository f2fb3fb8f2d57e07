"""Rows of raw files behind cities and years."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citypanel.canonical import Origin, write_table
from citypanel.package.raw_rows import RawRows, export_rows, patent_rows, ranges, shared, yearbook_rows

KEYS = pd.DataFrame({"city": [320500], "year": [2011]})


@given(st.sets(st.integers(1, 60)))
def test_ranges_hold_the_numbers_and_no_others(numbers) -> None:
    found = ranges(np.array(sorted(numbers), dtype=np.int64))
    assert {n for start, end in found for n in range(start, end + 1)} == numbers
    # No two ranges could be one.
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))


def exports(rows):
    common = {"firm": "3205940001", "hs8": "01012100", "hs_revision": "2007", "destination": "USA", "value_usd": 1.0}
    empty = dict.fromkeys(("firm_name", "month", "quantity", "unit", "regime", "ownership"))
    return pd.DataFrame([{**common, **empty, **row} for row in rows])


def export(producing, registered, year, file, row):
    return {
        "city_producing": producing,
        "city_registered": registered,
        "year": year,
        "source_file": file,
        "source_row": row,
    }


@pytest.mark.parametrize(("place", "expected"), [("producing", ((2, 3),)), ("registered", ((2, 2), (5, 5)))])
def test_exports_are_those_of_the_city_that_the_indicator_counts(tmp_path, place, expected) -> None:
    table = exports(
        [
            export(320500, 320500, 2011, "a.csv", 2),
            export(320500, 310000, 2011, "a.csv", 3),
            export(320500, 320500, 2012, "b.csv", 4),
            export(310000, 320500, 2011, "a.csv", 5),
            export(None, None, 2011, "a.csv", 6),
        ]
    )
    write_table(table, tmp_path / "exports.parquet", "exports", origin=Origin())
    (found,) = export_rows(tmp_path / "exports.parquet", KEYS, place)
    assert (found.file, found.ranges) == ("a.csv", expected)


def test_a_patent_counts_for_the_city_of_any_applicant_and_once(tmp_path) -> None:
    def applicant(adcode):
        return {"name": "x", "kind": "organisation", "adcode": adcode, "resolved_by": "name", "confidence": "high"}

    def patent(number, year, cities, row):
        return {
            "application_no": number,
            "date": dt.date(year, 5, 1),
            "kind": "invention",
            "ipc": None,
            "applicants": [applicant(city) for city in cities],
            "source_file": "p.csv",
            "source_row": row,
        }

    rows = [
        patent("1", 2011, [310000, 320500], 2),
        patent("2", 2011, [320500, 320500], 3),
        patent("3", 2011, [310000, None], 4),
        patent("4", 2012, [320500], 5),
    ]
    write_table(pd.DataFrame(rows), tmp_path / "patents.parquet", "patents", origin=Origin())
    (found,) = patent_rows(tmp_path / "patents.parquet", KEYS)
    assert (found.rows, found.ranges) == (2, ((2, 3),))


def test_a_yearbook_cell_leads_to_its_file_whatever_its_header(tmp_path) -> None:
    rows = pd.DataFrame(
        {
            "adcode": [320500, 320500, 310000],
            "year": 2011,
            "variable": ["gdp_wan", "wage_yuan", "gdp_wan"],
            "value": 1.0,
            "unit": "",
            "source": ["y.xlsx:GDP: total", "y.xlsx:wage", "y.xlsx:GDP: total"],
            "source_row": [4, 4, 5],
            "interpolated": False,
        }
    )
    write_table(rows, tmp_path / "city_year.parquet", "city_year", origin=Origin())
    (found,) = yearbook_rows(tmp_path / "city_year.parquet", KEYS, ["gdp_wan"])
    assert (found.file, found.ranges) == ("y.xlsx", ((4, 4),))


def test_rows_that_two_cities_share_are_those_in_both() -> None:
    one = [RawRows("a.csv", 4, ((2, 4), (9, 9))), RawRows("b.csv", 1, ((7, 7),))]
    two = [RawRows("a.csv", 4, ((4, 5), (8, 9))), RawRows("c.csv", 1, ((7, 7),))]
    assert shared(one, two) == [RawRows("a.csv", 2, ((4, 4), (9, 9)))]
