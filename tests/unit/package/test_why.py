"""The way back goes through every job between an indicator and the rows that were read, and names all that is read."""

import pandas as pd
import pytest

from citypanel.declare.formula import parse_terms
from citypanel.package.lineage import Lineage
from citypanel.package.reads import leaves, moved, steps_of_term
from citypanel.package.why import _named, _weights, _with_lags
from citypanel.package.why_sources import canonical_behind, whole_files
from citypanel.receipts import Receipt

EXPORTS, YEARBOOK = "results/canonical/own/exports.parquet", "results/canonical/own/city_year.parquet"
ACCOUNT, FLOWS = "results/intake/own/exports/attrition.parquet", "results/flows/own/all/1of1.flows.arrow"
QUALITY = "results/indicators/own/quality/ksw.parquet"


@pytest.fixture
def lineage(tmp_path):
    """Raw files -> canonical tables -> flows -> quality."""
    root = {"root": "raw", "table": "exports"}
    return Lineage(
        [
            Receipt(
                "intake", {"raw/customs/a.csv": "aa", "registers/cities.csv": ""}, {EXPORTS: "", ACCOUNT: ""}, root, {}
            ),
            Receipt("intake", {"raw/yearbook/y.csv": "yy"}, {YEARBOOK: ""}, {**root, "table": "city_year"}, {}),
            Receipt("clean_records", {EXPORTS: "", "registers/words.csv": ""}, {FLOWS: ""}, {}, {}),
            Receipt("build_indicator", {FLOWS: "", ACCOUNT: "", YEARBOOK: ""}, {QUALITY: ""}, {}, {}),
        ],
        tmp_path,
    )


def test_canonical_tables_are_found_through_the_jobs_that_clean_and_add_up_their_rows(lineage) -> None:
    assert canonical_behind(lineage, lineage.require(QUALITY)) == [EXPORTS, YEARBOOK]


def test_what_is_no_estimate_leads_to_whole_raw_files_with_their_hashes(lineage) -> None:
    found = [(item["file"], item["sha256"], item["rows"]) for item in whole_files(lineage, [QUALITY])]
    assert found == [("customs/a.csv", "aa", None), ("yearbook/y.csv", "yy", None)]


def test_covariates_conditions_and_weights_of_a_specification_are_read_too() -> None:
    specification = {
        "formula": "quality ~ did | city + year",
        "where": "east == 1 and year > 2011",
        "weights": "size",
        "options": {"covariates": ["eco", "log(fin)"], "treated": "pilot", "match": "kernel", "draws": 500},
    }
    columns = ["city", "year", "quality", "did", "east", "size", "eco", "fin", "pilot"]
    assert _named(specification, columns) == ["east", "year", "size", "eco", "fin", "pilot"]


def test_years_that_lags_and_leads_read_are_traced() -> None:
    keys = pd.DataFrame({"city": [1], "year": [2015]})
    assert sorted(_with_lags(keys, list(parse_terms("L2.x + F1.y")))["year"]) == [2013, 2014, 2015, 2016]
    (term,) = parse_terms("D2.x")
    assert sorted(steps_of_term(term)) == [("x", 0), ("x", 1), ("x", 2)]


def test_a_formula_is_followed_to_what_it_reads_and_when() -> None:
    variables = {
        "growth": {"formula": "gap / L1.gap"},
        "gap": {"formula": "gdp - first"},
        "first": {"source": "yearbook", "at": 2011},
    }
    years = pd.Series([2012, 2013])
    found = [(name, at.tolist()) for name, at in leaves(variables, "growth", years)]
    assert found == [
        ("gdp", [2012, 2013]), ("first", [2011, 2011]), ("gdp", [2011, 2012]), ("first", [2011, 2011]),
    ]  # fmt: skip
    # A formula may be named after the column that it reads.
    assert [name for name, _ in leaves({"gdp": {"formula": "log(gdp)"}}, "gdp", years)] == ["gdp"]


def test_a_cell_is_moved_along_its_own_city_only() -> None:
    panel = pd.DataFrame({"city": [1, 1, 2, 2], "year": [2011, 2012, 2011, 2012]})
    cells = pd.Series([True, False, False, False]).to_numpy()
    assert moved(cells, panel, 1).tolist() == [False, True, False, False]
    assert moved(cells, panel, -1).tolist() == [False, False, False, False]


def test_the_weights_matrix_is_that_of_the_column() -> None:
    job = Receipt(
        "estimate", {"results/s/weights/distance.csv": "dd", "results/s/weights/economic.csv": "ee"}, {}, {}, {}
    )
    assert _weights(job, {"options": {"w": "economic"}}) == [{"file": "results/s/weights/economic.csv", "sha256": "ee"}]
    assert _weights(job, {}) == []
