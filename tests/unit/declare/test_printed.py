"""What the ledger sees of a study, and what a study may say of printed tables."""

from pathlib import Path

import pytest

from citypanel.declare.load import load_study
from citypanel.declare.printed import (
    compared_analyses,
    ledger_slice,
    published_exhibits,
    searched_analyses,
    sheet_files,
    sheet_names,
    sources,
)
from citypanel.declare.study import Study
from citypanel.errors import DeclarationError
from citypanel.registers import Registers
from citypanel.sample import calibrated_tables


@pytest.fixture(scope="module")
def folder(request) -> Path:
    return Path(__file__).resolve().parents[3] / "studies" / "yrd_cooperation"


@pytest.fixture(scope="module")
def study(folder) -> Study:
    return load_study(folder, Registers())


def test_tables_with_printed_cells_are_compared_and_their_main_analyses_searched(study) -> None:
    assert list(published_exhibits(study)) == [f"table{number}" for number in range(1, 10)]
    assert {"durbin", "collinearity"} <= set(compared_analyses(study))
    assert not {"durbin~conventions", "collinearity~conventions"} & set(searched_analyses(study))
    assert "baseline~conventions" in searched_analyses(study)


def test_the_slice_names_columns_labels_and_sources_and_nothing_of_how_tables_look(study) -> None:
    exhibits = ledger_slice(study, "yrd_cooperation")["exhibits"]
    assert exhibits["table9"]["columns"]["spatial"][1] == {
        "label": {"en": "Inverse distance", "zh": "反距离权重"},
        "instruments": False,
        "w": "distance",
    }
    assert exhibits["table9"]["matching"]["rows"]["Spatial-rho"] == ["rho", "lambda"]
    assert (exhibits["table8"]["analyses"], exhibits["table8"]["aside"]) == (["dependence"], ["durbin"])
    assert not {"digits", "statistics", "keep"} & set(exhibits["table4"])


def test_sources_are_those_behind_the_variables_of_an_analysis(study) -> None:
    assert sources(study, "baseline") == ("exports", "world_trade", "patents", "city_year")
    assert sources(study, "moran") == ("exports", "world_trade", "city_year")  # the economic matrix needs GDP


def test_every_sheet_has_its_files_and_unclaimed_tables_have_one_too(study) -> None:
    files = [Path(name) for name in ("claims.csv", "table4.csv", "tableX.csv")]
    assert sheet_names(study, files)[-1] == "tableX"
    assert "claims" not in sheet_names(study, files)
    assert sheet_files(["t"], ["en"]) == ["t.csv", "t.json", "t_en.html", "t_en.tex"]


def test_the_sample_declares_tables_that_the_study_ships(folder) -> None:
    there = {path.name for path in (folder / "published").glob("*.csv")}
    assert set(calibrated_tables("yrd_cooperation")) == {f"table{number}.csv" for number in range(2, 8)} <= there
    assert calibrated_tables("smart_city") == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "published: table4.csv",
            "published: table44.csv",
            "exhibit 'table4', key 'published': 'table44.csv' is not in published/; did you mean 'table4.csv'?",
        ),
        (
            "published: table4.csv",
            "matching: {rows: {a: b}}",
            "exhibit 'table4', key 'matching': there is nothing to match without 'published'",
        ),
        (
            "published: table4.csv",
            "published: table4.csv\n    matching: {columns: {'(1)': baseline.6}}",
            "'baseline.6' is no column; did you mean 'baseline.5'?",
        ),
        (
            "published: table4.csv",
            "published: table4.csv\n    matching: {lines: {}}",
            "key 'exhibits.table4.matching.lines' is unknown",
        ),
    ],
)
def test_what_a_study_says_of_printed_tables_is_checked_when_it_is_read(folder, tmp_path, old, new, expected) -> None:
    target = tmp_path / "yrd_cooperation"
    (target / "published").mkdir(parents=True)
    for path in (folder / "published").glob("*.csv"):
        (target / "published" / path.name).write_bytes(path.read_bytes())
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    assert old in text
    (target / "study.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_study(target, Registers())
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
