"""The ledger of a run on the sample: every printed cell is there, and nothing made from simulated data agrees."""

import csv
import json

import pytest

from citypanel.cli import main

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def ledger(finished):
    return finished.root / "results" / "yrd_cooperation" / "ledger"


def entries(ledger, exhibit: str) -> list[dict]:
    return json.loads((ledger / f"{exhibit}.json").read_text(encoding="utf-8"))["entries"]


def test_every_printed_cell_has_one_line(finished, ledger) -> None:
    for path in (finished.root / "studies" / "yrd_cooperation" / "published").glob("table*.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            printed = [(row["column"], row["row"], row["statistic"]) for row in csv.DictReader(handle)]
        found = [(entry["column"], entry["row"], entry["statistic"]) for entry in entries(ledger, path.stem)]
        assert found == printed, path.name


def test_no_simulated_number_agrees_and_every_cell_is_matched(ledger) -> None:
    summary = json.loads((ledger / "summary.json").read_text(encoding="utf-8"))
    counts = summary["counts"]
    assert summary["simulated"] is True
    assert not any(counts[name] for name in ("same", "same_under", "compatible", "differs"))
    assert (counts["no_counterpart"], counts["otherwise"]) == (0, 0)
    # 402 numbers of Tables 2-7; Tables 8 and 9 are not calibrated; specifications; the words of Table 1.
    assert counts["calibrated"] + counts["missed"] == 402
    assert (counts["untested"], counts["declared"], counts["words"]) == (56, 36, 18)


def test_the_small_preset_misses_numbers_only_where_patents_enter(ledger) -> None:
    for exhibit in ("table2", "table3"):
        for entry in entries(ledger, exhibit):
            assert entry["verdict"] == "calibrated" or "inno" in (entry["row"], entry["column"]), entry
    assert {entry["verdict"] for entry in entries(ledger, "table7")} == {"calibrated"}
    assert any(entry["verdict"] == "missed" for entry in entries(ledger, "table4"))


def test_every_page_of_numbers_says_simulated(finished, ledger) -> None:
    pages = [path for path in ledger.iterdir() if path.suffix in (".html", ".tex") and "table1" not in path.name]
    pages += list(finished.root.glob("results/ledger_*.html"))
    assert len(pages) == 2 * 2 * 9 + 2
    for path in pages:
        assert ("模拟数据" if "_zh" in path.name else "Simulated data") in path.read_text(encoding="utf-8"), path


def test_compare_prints_the_run(finished, capsys) -> None:
    assert main(["compare", "yrd_cooperation", "--results", str(finished.root / "results"), "--exhibit", "table7"]) == 0
    assert "20 cells: 20 calibrated to" in capsys.readouterr().out
