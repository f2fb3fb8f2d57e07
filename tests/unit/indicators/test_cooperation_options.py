"""Options of the cooperation of cities: kinds, IPC classes, windows of years, gravity links."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.declare.indicators import CooperationOptions, parse_indicator, variant
from citypanel.errors import DeclarationError
from citypanel.indicators.cooperation import city_cooperation
from citypanel.indicators.network import great_circle_km

SUZHOU, WUXI, SHANGHAI = 320500, 320200, 310000


@pytest.fixture
def patents(tmp_path: Path) -> Path:
    listed = [
        ("1", 2010, "invention", "H01L21/00", (SUZHOU, WUXI)),
        ("2", 2011, "utility", "G06F17/30", (SUZHOU, WUXI)),
        ("3", 2011, "invention", "h02J3/00", (SUZHOU, SHANGHAI)),
        ("4", 2012, "design", None, (WUXI, SHANGHAI)),
        ("5", 2012, "invention", "A61K31/00", (SUZHOU, SUZHOU)),
    ]
    rows = [
        {
            "application_no": number,
            "date": date(year, 5, 1),
            "kind": kind,
            "ipc": ipc,
            "applicants": [
                {"name": f"{at}", "kind": "organisation", "adcode": code, "resolved_by": "address"}
                for at, code in enumerate(places)
            ],
            "source_file": "p.csv",
            "source_row": 2,
        }
        for number, year, kind, ipc, places in listed
    ]
    path = tmp_path / "patents.parquet"
    write_table(pa.Table.from_pylist(rows, schema=CONTRACTS["patents"].schema), path, "patents", origin=Origin())
    return path


def joint(path: Path, **options: object) -> dict[tuple[int, int], int]:
    table = city_cooperation(path, CooperationOptions.model_validate(options))
    found = zip(table.adcode.tolist(), table.year.tolist(), table.joint.tolist(), strict=True)
    return {(code, year): count for code, year, count in found if count}


@pytest.mark.parametrize(
    ("options", "suzhou"),
    [
        ({}, {2010: 1, 2011: 1, 2012: 1}),
        ({"kind": "utility"}, {2011: 1}),
        ({"kind": "invention_utility"}, {2010: 1, 2011: 2, 2012: 1}),
        ({"kind": "all", "ipc": "H"}, {2010: 1, 2011: 1}),
        ({"kind": "all", "ipc": "H01,G06F"}, {2010: 1, 2011: 1}),
    ],
)
def test_kinds_and_ipc_classes_choose_the_patents_that_count(patents: Path, options, suzhou) -> None:
    counts = joint(patents, **options)
    assert {year: n for (code, year), n in counts.items() if code == SUZHOU} == suzhou


def test_a_window_counts_a_year_with_those_before_it_and_leaves_out_years_without_them(patents: Path) -> None:
    counts = joint(patents, kind="all", window=2)
    # By hand: 2011 holds patents 1, 2, 3 and 2012 holds 2, 3, 4, 5.
    assert counts == {
        (SUZHOU, 2011): 3,
        (WUXI, 2011): 2,
        (SHANGHAI, 2011): 1,
        (SUZHOU, 2012): 3,
        (WUXI, 2012): 2,
        (SHANGHAI, 2012): 2,
    }


def test_gravity_is_the_sum_of_patents_times_patents_over_distance(patents: Path) -> None:
    table = city_cooperation(patents, CooperationOptions(kind="all", distance_power=2)).set_index(["adcode", "year"])
    cities = pd.read_csv(Path(__file__).parents[3] / "registers" / "cities.csv").set_index("adcode")
    seats = cities.loc[[SUZHOU, WUXI, SHANGHAI]]
    d = great_circle_km(seats.lon.to_numpy(), seats.lat.to_numpy())
    # 2011: Suzhou has two patents, Wuxi and Shanghai one each.
    expected = 2 * 1 / d[0, 1] ** 2 + 2 * 1 / d[0, 2] ** 2
    assert table.gravity[(SUZHOU, 2011)] == pytest.approx(expected, rel=1e-12)
    assert table.gravity[(WUXI, 2011)] == pytest.approx(2 / d[0, 1] ** 2 + 1 / d[1, 2] ** 2, rel=1e-12)


def test_distances_are_those_of_a_globe() -> None:
    # A quarter of the equator, and the way from the equator to the pole.
    found = great_circle_km(np.array([0.0, 90.0, 0.0]), np.array([0.0, 0.0, 90.0]))
    assert found[0, 1:] == pytest.approx([np.pi / 2 * 6371.0088] * 2, rel=1e-12)


def test_options_that_name_nothing_are_refused_and_variants_differ() -> None:
    with pytest.raises(DeclarationError, match="ipc"):
        parse_indicator("cooperation", {"ipc": "H; drop"}, "study x")
    with pytest.raises(DeclarationError, match="distance_power"):
        parse_indicator("cooperation", {"count": "gravity"}, "study x")
    names = [variant(CooperationOptions.model_validate(o)) for o in ({}, {"ipc": "H"}, {"ipc": "A,H"}, {"window": 3})]
    assert len(set(names)) == 4
    assert names[0] == "invention"
