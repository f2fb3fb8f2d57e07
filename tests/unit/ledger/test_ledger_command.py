"""`citypanel compare STUDY`: lines, counts, JSON, and what it says where there is no ledger."""

import json
from pathlib import Path

import pytest

from citypanel.cli import main
from citypanel.ledger.claims import Claims
from citypanel.ledger.compare import compare_study
from citypanel.ledger.ledger import write_ledger
from citypanel.ledger.printed import read_cells
from citypanel.result import ColumnResult, Record, TermResult

PRINTED = """study,table,column,row,statistic,value,stars
made,4,反距离权重,did,coef,0.030,***
made,4,反距离权重,did,t,3.10,
made,4,反距离权重,Year FE,info,Yes,
made,4,反距离权重,did,p,0.o2,
"""


@pytest.fixture
def results(tmp_path) -> Path:
    """Return a results folder with the ledger of one simulated study."""
    table = tmp_path / "table4.csv"
    table.write_text(PRINTED, encoding="utf-8")
    label = {"en": "Inverse distance", "zh": "反距离权重"}
    exhibit = {
        "kind": "regression", "title": {"en": "Baseline", "zh": "基准"}, "published": "table4.csv", "matching": None,
        "stars": [0.1, 0.05, 0.01], "analyses": ["baseline"], "aside": [], "sources": ["patents"],
        "columns": {"baseline": [{"label": label, "instruments": False, "w": None}]},
    }  # fmt: skip
    declared = {
        "study": "made",
        "title": {"en": "Made up", "zh": "虚构"},
        "labels": {},
        "exhibits": {"table4": exhibit},
    }
    term = TermResult("did", 0.0301, 0.0097, 3.10, 0.002, 0.011, 0.049)
    column = ColumnResult("1", "y", 410, fixed_effects=("year",), terms=(term,))
    record = Record("linear", "", (column,), sample={"simulated": True})
    ledger = compare_study(declared, {"table4.csv": read_cells(table)}, Claims(), {"baseline": record})
    write_ledger(ledger, tmp_path / "results" / "made" / "ledger")
    return tmp_path / "results"


def test_it_prints_a_line_per_cell_and_counts_the_verdicts(results, capsys) -> None:
    assert main(["compare", "made", "--results", str(results)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "table4: Baseline [Simulated data]"
    assert "table4.csv line 5: '0.o2' is no number" in lines[1]
    assert " ".join(lines[2].split()) == (
        "反距离权重 did 0.030*** ? 0.030*** cannot be tested: needs patent records: ours, 0.030, is computed from "
        "simulated files"
    )
    assert "3 cells: 2 cannot be tested, 1 specification as printed" in lines
    assert lines[-1].startswith("Our numbers come from simulated raw files. Nothing on this page replicates a paper")


def test_cells_can_be_chosen_and_read_in_chinese_or_by_machines(results, capsys, tmp_path) -> None:
    assert main(["compare", "made", "--results", str(results), "--verdict", "declared", "--language", "zh"]) == 0
    text = capsys.readouterr().out
    assert "1 单元格：1 设定与印刷一致" in text
    assert "✓ 是" in text
    assert "无法检验" not in text
    assert main(["compare", "made", "--results", str(results), "--exhibit", "table4", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    (sheet,) = document["exhibits"]
    assert [entry["printed"] for entry in sheet["entries"]] == ["0.030", "3.10", "Yes"]
    target = tmp_path / "cells.json"
    assert main(["compare", "made", "--results", str(results), "--json", str(target)]) == 0
    assert json.loads(target.read_text(encoding="utf-8")) == document


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["other"], "ledger/summary.json: not there; there are ledgers of made; make it: snakemake --cores 1 --config"),
        (["made", "--exhibit", "table5"], "--exhibit 'table5' is none of the ledger; there are table4"),
        (
            ["made", "--verdict", "wrong"],
            "--verdict 'wrong' is unknown; allowed: same, same_under, compatible, differs",
        ),
        (["made", "--json", "/no/such/folder/cells.json"], "cells.json.part: cannot be written"),
    ],
)
def test_what_is_not_there_is_one_line_that_helps(results, capsys, arguments, expected) -> None:
    assert main(["compare", *arguments, "--results", str(results)]) == 2
    caught = capsys.readouterr()
    assert expected in caught.err
    assert caught.err.count("\n") == 1
    assert caught.out == ""


def test_without_any_results_it_says_what_makes_them(tmp_path, capsys) -> None:
    assert main(["compare", "smart_city", "--results", str(tmp_path)]) == 2
    assert "make it: snakemake --cores 1 --config studies=smart_city ledgers" in capsys.readouterr().err
