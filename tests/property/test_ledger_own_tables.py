"""A table printed from our own records is the same in every cell; one last digit more or less is always flagged."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import OPTIONS
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.exhibits.csv_ import to_csv
from citypanel.exhibits.render import render_table
from citypanel.ledger.claims import Claims
from citypanel.ledger.compare import Ledger, compare_study
from citypanel.ledger.findings import Place
from citypanel.ledger.own_tables import own_cells
from citypanel.ledger.printed import Cell, make_cell
from citypanel.ledger.verdicts import NUMBERS
from citypanel.result import Record

TERMS = ["x1", "x2", "x3"]
SHAPES: dict[str, dict[str, Any]] = {
    "table1": {"kind": "descriptives", "methods": {"describe": ["y + x1 + x2 + x3"]}},
    "table2": {"kind": "correlations", "methods": {"correlate": ["y + x1 + x2 + x3"]}},
    "table3": {
        "kind": "regression",
        "methods": {"linear": ["y ~ x1", "y ~ x1 + x2 + x3 | year", "y ~ x1 + x2 + x3 | city + year"]},
    },
}


def panel(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    units, periods = int(rng.integers(20, 40)), int(rng.integers(5, 9))
    city, year = np.repeat(np.arange(units), periods), np.tile(2000 + np.arange(periods), units)
    x = rng.normal(size=(units, 3))[city] + rng.normal(size=(city.size, 3))
    y = x @ rng.normal(size=3) + rng.normal(size=units)[city] + rng.normal(size=city.size)
    return pd.DataFrame({"city": city, "year": year, "y": y, **{name: x[:, j] for j, name in enumerate(TERMS)}})


def records(frame: pd.DataFrame, methods: dict[str, list[str]], vcov: str) -> dict[str, Record]:
    made = {}
    for method, formulas in methods.items():
        given = vcov if method == "linear" else None
        each = [Specification(method, f, OPTIONS[method](), unit="city", time="year", vcov=given) for f in formulas]
        made[method] = estimate_analysis(frame, each, study="own", analysis=method)
    return made


def printed(folder: Path, name: str, made: dict[str, Record], *, beneath: str, digits: int) -> tuple[Cell, ...]:
    """Print a table as an exhibit and read it as a paper's."""
    shape = SHAPES[name]
    exhibit = {"kind": shape["kind"], "parentheses": beneath, "title": {"en": name, "zh": name}, "labels": {}}
    exhibit |= {"statistics": ["n", "r2", "r2_adj", "f"]} if shape["kind"] == "regression" else {}
    exhibit |= {} if shape["kind"] == "correlations" else {"digits": digits}
    path = folder / f"{name}.csv"
    path.write_text(to_csv(render_table(list(made.values()), exhibit, "en")), encoding="utf-8")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.DictReader(handle)
        return own_cells(path, [(reader.line_num, row) for row in reader])


def compared(name: str, cells: tuple[Cell, ...], made: dict[str, Record]) -> Ledger:
    methods = SHAPES[name]["methods"]
    plain = {"label": None, "instruments": False, "w": None}
    exhibit = {
        "kind": SHAPES[name]["kind"],
        "title": {"en": name, "zh": name},
        "published": f"{name}.csv",
        "matching": None,
        "stars": [0.05] if name == "table2" else [0.1, 0.05, 0.01],
        "analyses": list(methods),
        "aside": [],
        "columns": {method: [plain for _ in formulas] for method, formulas in methods.items()},
        "sources": [],
    }
    declared = {"study": cells[0].study, "title": {"en": "", "zh": ""}, "labels": {}, "exhibits": {name: exhibit}}
    return compare_study(declared, {f"{name}.csv": (cells, ())}, Claims(), made)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    ("vcov", "beneath", "digits"), [("iid", "se", 2), ("hetero", "t", 3), ("cluster:city", "p", 4)]
)
def test_what_we_print_is_the_same_to_rounding_in_every_cell(tmp_path, name, vcov, beneath, digits) -> None:
    for seed in range(3):
        made = records(panel(seed), SHAPES[name]["methods"], vcov)
        ledger = compared(name, printed(tmp_path, name, made, beneath=beneath, digits=digits), made)
        wrong = [
            (entry.cell.name, entry.verdict) for entry in ledger.entries if entry.verdict not in ("same", "declared")
        ]
        assert not wrong
        assert not [entry.cell.name for entry in ledger.entries if entry.stars_differ]
        assert sum(entry.verdict == "same" for entry in ledger.entries) >= 10


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("step", [1, -1])
def test_one_last_digit_more_or_less_is_flagged_wherever_it_is_planted(tmp_path, name, step) -> None:
    made = records(panel(7), SHAPES[name]["methods"], "hetero")
    honest = printed(tmp_path, name, made, beneath="t", digits=3)
    for position, cell in enumerate(honest):
        if cell.number is None:
            continue
        moved = round(cell.number.value + step * 10.0**-cell.number.decimals, cell.number.decimals)
        wrong = make_cell(
            Place(cell.study, cell.table, cell.column, cell.row), cell.statistic, f"{moved:.{cell.number.decimals}f}"
        )
        planted = (*honest[:position], replace(wrong, stars=cell.stars), *honest[position + 1 :])
        ledger = compared(name, planted, made)
        flagged = [entry for entry in ledger.entries if entry.verdict in NUMBERS and entry.verdict != "same"]
        assert [entry.cell.name for entry in flagged] == [cell.name]
        comparison = flagged[0].comparison
        assert comparison is not None
        # Ours lies within half a digit of the honest number, so half a digit to one and a half from the planted one.
        assert 0.5 <= -step * comparison.digits <= 1.5


def test_other_conventions_are_found_by_the_search_among_our_own_variants(tmp_path) -> None:
    frame = panel(3)
    shape = {"linear": ["y ~ x1 + x2 + x3 | city + year"]}
    clustered, robust = records(frame, shape, "cluster:city"), records(frame, shape, "hetero")
    cells = printed(tmp_path, "table3", clustered, beneath="t", digits=3)
    only = replace(clustered["linear"].columns[0], label="1; vcov=cluster:city")
    plain = {"label": None, "instruments": False, "w": None}
    exhibit = {
        "kind": "regression", "title": {"en": "", "zh": ""}, "published": "table3.csv", "matching": None,
        "stars": [0.1, 0.05, 0.01], "analyses": ["linear"], "aside": [], "columns": {"linear": [plain]}, "sources": [],
    }  # fmt: skip
    declared = {"study": cells[0].study, "title": {"en": "", "zh": ""}, "labels": {}, "exhibits": {"table3": exhibit}}
    variants = {"linear": clustered["linear"].with_columns([only])}
    ledger = compare_study(declared, {"table3.csv": (cells, ())}, Claims(), robust, variants=variants)
    beside = [entry for entry in ledger.entries if entry.cell.statistic == "t" and entry.verdict != "same"]
    assert len(beside) >= 3
    assert all(entry.verdict == "same_under" for entry in beside)
    assert all(entry.search and entry.search.hits[0] == "vcov=cluster:city" for entry in beside)
    (convention,) = [one for one in ledger.sheets[0].conventions if one.label == "vcov=cluster:city"]
    assert (convention.gained, convention.lost) == (sum(e.verdict == "same_under" for e in ledger.entries), 0)
