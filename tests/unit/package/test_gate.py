"""The gate on a small run with planted disclosure problems: what leaves, what does not, and the reason."""

import json

import numpy as np
import pandas as pd
import pytest

from citypanel.canonical import Origin, write_frame
from citypanel.declare.sources import Source
from citypanel.errors import InputError
from citypanel.package.cells_gate import CellsGate, judge_panel
from citypanel.package.disclosure import Rules
from citypanel.package.lineage import Lineage
from citypanel.package.records_gate import judge_records
from citypanel.package.rights import Rights
from citypanel.receipts import Receipt

LICENSED = Origin(licences=("licensed",))
CITIES, YEARS = (320500, 330100, 340100), (2011, 2012)


def source(name, feeds, gives, protects=""):
    texts = dict.fromkeys(
        ("title_en", "title_zh", "access_en", "access_zh", "cost_en", "cost_zh", "delay_en", "delay_zh"), "x"
    )
    return Source(
        source=name, feeds=feeds, licence="licensed", gives=gives, protects=protects, contact="x", citation=name,
        standing="own", **texts
    )  # fmt: skip


SOURCES = (source("customs", "customs", "values", "firms"), source("yearbook", "yearbook", "statistics"))
CITIES_REGISTER = source("cities", "registers/cities.csv", "rows")


@pytest.fixture
def run(tmp_path):
    """Customs and yearbook -> canonical -> quality -> panel; the values are one number a cell."""
    keys = pd.DataFrame([(city, year) for city in CITIES for year in YEARS], columns=["adcode", "year"])
    files = {
        "raw/customs/a.csv": None,
        "raw/yearbook/y.csv": None,
        "results/canonical/own/exports.parquet": keys,
        "results/canonical/own/city_year.parquet": keys,
        "results/indicators/own/quality/ksw.parquet": keys.assign(quality=np.arange(6.0)),
        "results/mine/panel.parquet": keys.rename(columns={"adcode": "city"}).assign(
            quality=QUALITY, twice=2 * np.array(QUALITY), wage=1.0, constant=1.0
        ),
    }
    for name, frame in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name) if frame is None else write_frame(frame, path, origin=LICENSED)
    account = pd.DataFrame({"source_file": ["customs/a.csv"], "layout": ["customs_2005"]})
    write_frame(account, tmp_path / "results" / "intake" / "own" / "exports" / "files.parquet", origin=LICENSED)
    declared = {
        "quality": {"source": "quality", "variant": "ksw"},
        "twice": {"formula": "2 * quality"},
        "wage": {"source": "yearbook", "column": "wage"},
        "constant": {"source": "city"},
        "growth": {"formula": "quality / L1.quality"},
        "before": {"formula": "quality + quality_2011"},
        "quality_2011": {"source": "quality", "variant": "ksw", "at": 2011},
        "named": {"formula": "log(named)"},
    }
    intake = {"root": "raw", "table": "exports"}
    exports, panel = "results/canonical/own/exports.parquet", "results/mine/panel.parquet"
    yearbook, accounts = "results/canonical/own/city_year.parquet", "results/intake/own/exports/files.parquet"
    receipts = [
        Receipt("intake", {"raw/customs/a.csv": ""}, dict.fromkeys((exports, accounts), ""), intake, {}),
        Receipt("intake", {"raw/yearbook/y.csv": ""}, {yearbook: ""}, {"root": "raw"}, {}),
        Receipt("build_indicator", {exports: ""}, {"results/indicators/own/quality/ksw.parquet": ""}, {}, {}),
        Receipt(
            "build_panel",
            {"results/indicators/own/quality/ksw.parquet": "", "results/canonical/own/city_year.parquet": ""},
            {panel: ""},
            {"declared": {"variables": declared}},
            {"study": "mine"},
        ),
    ]  # fmt: skip

    def gate(firms, top_share=0.5, differences=(), *, public=True):
        counted = keys.assign(indicator="quality", variant="ksw", firms=firms, top_share=top_share)
        columns = ["indicator", "variant", "other", "adcode", "year", "firms", "top_share"]
        folder = tmp_path / "results" / "disclosure" / "own"
        folder.mkdir(parents=True, exist_ok=True)
        write_frame(counted, folder / "contributors.parquet", origin=LICENSED)
        write_frame(pd.DataFrame(list(differences), columns=columns), folder / "differences.parquet", origin=LICENSED)
        outputs = {f"results/disclosure/own/{name}.parquet": "" for name in ("contributors", "differences")}
        job = Receipt("count_contributors", {exports: ""}, outputs, {}, {"world": "own"})
        lineage = Lineage([*receipts, job], tmp_path)
        return CellsGate(lineage, Rights(lineage, (*SOURCES, CITIES_REGISTER)), Rules(3, 2, 0.85), public=public)

    return gate, receipts[-1]


QUALITY = [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
INDICATOR, PANEL = "results/indicators/own/quality/ksw.parquet", "results/mine/panel.parquet"


def test_cells_of_enough_firms_leave(run) -> None:
    gate, _ = run
    assert gate(10).indicator(INDICATOR) == []


@pytest.mark.parametrize(
    ("firms", "share", "rule", "reason"),
    [
        (
            [10, 10, 2, 10, 10, 10],
            0.5,
            "few",
            "1 cells are made from fewer than 3 firms, the first in city 330100, 2011",
        ),
        (10, [0.5, 0.9, 0.5, 0.9, 0.5, 0.5], "dominated", "in 2 cells 2 firms have more than 0.85 of the value"),
        ([10, 10, np.nan, 10, 10, 10], 0.5, "uncounted", "the firms behind 1 cells were not counted"),
    ],
)
def test_an_indicator_with_a_cell_that_tells_of_firms_stays_with_its_reason(run, firms, share, rule, reason) -> None:
    gate, _ = run
    (told,) = gate(firms, share).indicator(INDICATOR)
    assert told.rule == rule
    assert reason in told.reason_en
    assert told.reason_zh


def test_two_variants_whose_firms_differ_by_few_are_not_both_told(run) -> None:
    gate, _ = run
    cell = ("quality", "all", "ksw", 320500)
    planted = [(*cell, 2011, 1, 0.5), (*cell, 2012, 5, 0.5), (*cell, 2013, 5, 0.9)]
    (told,) = gate(10, differences=planted).indicator(INDICATOR)
    assert told.rule == "differenced"
    assert told.reason_en == "in 2 cells few firms, or 2 that dominate, tell it from all, the first in 320500, 2011"


def test_a_restricted_package_obeys_licences_only(run) -> None:
    gate, job = run
    restricted = gate([1] * 6, public=False)
    assert restricted.indicator(INDICATOR) == []
    # Wages come from a source that lets no single value leave, whoever reads; so does a column of its own name.
    assert set(judge_panel(job, PANEL, restricted).withheld) == {"wage", "named"}


def test_a_variable_with_one_such_cell_leaves_the_panel_whole_and_what_is_made_of_it_too(run) -> None:
    gate, job = run
    panel = judge_panel(job, PANEL, gate([10, 10, 2, 10, 10, 10]))
    assert panel.withheld["quality"].tolist() == [False, False, True, False, False, False]
    withheld = {"quality", "twice", "wage", "growth", "before", "quality_2011", "named"}
    assert set(panel.withheld) == {item.part for item in panel.refusals} == withheld


def test_a_cell_is_followed_through_lags_and_fixed_years(run) -> None:
    gate, job = run
    first = judge_panel(job, PANEL, gate([10, 10, 2, 10, 10, 10]))  # 330100 in 2011
    assert first.withheld["growth"].tolist() == [False, False, True, True, False, False]
    assert first.withheld["quality_2011"].tolist() == [False, False, True, True, False, False]
    # The sum reads both years of the city: its own, and the one that stands in every row.
    second = judge_panel(job, PANEL, gate([10, 10, 10, 2, 10, 10]))  # 330100 in 2012
    assert second.withheld["before"].tolist() == [False, False, False, True, False, False]
    assert "quality_2011" not in second.withheld


def test_a_table_of_firms_that_nobody_counts_stays(run) -> None:
    gate, job = run
    counted = gate(10)
    firms = source("census", "yearbook", "values", "firms")
    counted.rights = Rights(counted.lineage, (SOURCES[0], firms, CITIES_REGISTER))
    panel = judge_panel(job, PANEL, counted)
    assert set(panel.withheld) == {"wage", "named"}
    assert panel.withheld["wage"].all()
    assert panel.refusals[0].rule == "uncounted"


def described(where, name="quality", **line):
    column = {"formula": name, "where": where, "stats": {}}
    return {
        "formula": name,
        "columns": [column],
        "curves": {"describe": [{"variable": name, "n": 1, "mean": 0.0, **line}]},
    }


@pytest.fixture
def panel(run):
    """The panel whose cell of 330100 in 2011, 2.5, may not be told."""
    gate, job = run
    return judge_panel(job, PANEL, gate([10, 10, 2, 10, 10, 10]))


def test_the_second_of_two_means_that_give_a_cell_back_is_refused(panel) -> None:
    # All rows, and all but city 330100 in 2011: the difference is the refused cell.
    records = {"all.json": described(None), "without.json": described("quality != 2.5")}
    (told,) = judge_records(records, panel)
    assert (told.path, told.rule) == ("without.json", "totals")
    assert judge_records({"all.json": records["all.json"]}, panel) == []


def test_the_means_of_groups_and_of_their_union_but_one_city_give_it_back(panel) -> None:
    # Means by year, and one of 2011 without the city: the first table is told, the second is not.
    by_year = described(None)
    by_year["columns"][0]["stats"] = {"by": "year"}
    by_year["curves"]["describe"] = [{"variable": "quality", "group": year, "n": 3, "mean": 0.0} for year in YEARS]
    without = described("year == 2011 and city != 330100")
    (told,) = judge_records({"years.json": by_year, "without.json": without}, panel)
    assert (told.path, told.rule) == ("without.json", "totals")


def test_a_lag_or_a_function_of_the_variable_hides_nothing(panel) -> None:
    # The mean of the lag over 2012 is that of 2011: with the mean over the other two cities it is the cell.
    lagged = described("year == 2012", "L1.quality")
    others = described("year == 2011 and city != 330100")
    assert [item.path for item in judge_records({"lag": lagged, "others": others}, panel)] == ["others"]
    logs = {"all": described(None, "log(quality)"), "others": described("quality != 2.5", "log(quality)")}
    assert [item.path for item in judge_records(logs, panel)] == ["others"]
    # Means of two different functions do not add up to anything.
    mixed = {"all": described(None, "log(quality)"), "others": described("quality != 2.5")}
    assert judge_records(mixed, panel) == []


def regression(where, formula="twice ~ quality | city + year", **column):
    column = {"formula": formula, "where": where, "stats": {}, "terms": [], **column}
    return {"formula": formula, "columns": [column], "curves": {}}


def test_two_estimations_whose_rows_differ_by_one_such_cell_are_not_both_told(panel) -> None:
    whole, without = regression(None), regression("quality != 2.5")
    told = judge_records({"a": whole, "b": without}, panel)
    assert {(item.path, item.rule) for item in told} == {("b", "totals")}
    assert {item.reason_en.partition(": ")[2] for item in told} == {"city 330100, 2011"}
    # By a city, or by a cell that may be told, they may differ.
    assert judge_records({"a": whole, "b": regression("city != 330100")}, panel) == []
    assert judge_records({"a": whole, "b": regression("quality != 3.5")}, panel) == []


@pytest.mark.parametrize("where", ["city == 330100 and year == 2011", "quality == 2.5"])
def test_a_group_of_one_cell_is_the_cell(panel, where) -> None:
    (told,) = judge_records({"one": described(where)}, panel)
    assert told.rule == "totals"


def test_an_extreme_that_is_a_refused_cell_and_a_curve_of_cities_are_refused(run) -> None:
    gate, job = run
    panel = judge_panel(job, PANEL, gate([10, 10, 10, 10, 10, 2]))
    largest = described(None, max=5.5, min=0.5)
    smallest = described(None, max=4.5, min=0.5)
    units = {**described(None), "curves": {"local": [{"time": 1}, {"unit": "320500", "value": 1.0}]}}
    told = judge_records({"a": largest, "b": smallest, "c": json.loads(json.dumps(units))}, panel)
    assert {(item.path, item.rule) for item in told} == {("a", "extreme"), ("c", "inside")}


def test_an_extreme_of_a_function_or_a_lag_of_the_cell_is_refused(panel) -> None:
    records = {
        "log": described(None, "log(quality)", min=float(np.log(2.5))),
        "lag": described(None, "L1.quality", median=2.5),
        "far": described(None, "log(quality)", min=float(np.log(0.5))),
    }
    told = judge_records(records, panel)
    assert {(item.path, item.rule) for item in told} == {("log", "extreme"), ("lag", "extreme")}


def test_a_small_group_shows_its_cells_as_extremes(panel) -> None:
    # Of two cells one is the smallest and one the largest, whatever the rest of the line says.
    (told,) = judge_records({"pair": described("city == 330100", n=2, mean=3.0, min=2.5, max=3.5)}, panel)
    assert (told.rule, told.reason_en) == (
        "extreme",
        "its smallest, largest or middle value of quality is a cell that does not leave, in city 330100, 2011",
    )


def test_a_number_that_is_a_cell_is_found_wherever_it_stands(panel) -> None:
    scatter = {**described(None), "curves": {"points": [{"x": 0.1, "y": 1.0}, {"x": 2.5, "y": 2.0}]}}
    constant = regression(None, "quality ~ constant", terms=[{"term": "constant", "estimate": 2.5 * (1 + 1e-14)}])
    told = judge_records({"scatter": scatter, "constant": constant}, panel)
    assert {(item.path, item.rule) for item in told} == {("scatter", "holds"), ("constant", "holds")}
    assert judge_records({"near": regression(None, terms=[{"term": "quality", "estimate": 2.501}])}, panel) == []


def test_a_table_that_lost_the_origin_of_its_rows_stops_the_package(run, tmp_path) -> None:
    gate, job = run
    rights = gate(10).rights
    rights.verify_origins([job])
    path = tmp_path / PANEL
    write_frame(pd.read_parquet(path), path, origin=Origin())
    with pytest.raises(InputError, match="rule build_panel lost the origin of its rows"):
        rights.verify_origins([job])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("registers/new.csv", "registers/new.csv: the register has no licence; add a row"),
        ("raw/prices/p.csv", "no source feeds 'prices'; add a row to raw/sources.csv"),
        ("elsewhere/p.csv", "it lies in no raw folder and no register"),
    ],
)
def test_a_file_that_nobody_gave_rights_to_is_refused_by_name(run, path, message) -> None:
    gate, _ = run
    with pytest.raises(InputError) as error:
        gate(10).rights.behind(path)
    assert message in str(error.value)
