"""A rebuild says of each result whether it came out the same, was given, or cannot be made from what is there."""

import hashlib
import json
import shutil

import pytest

from citypanel.package.archive import Entry
from citypanel.package.needs import results_in_need
from citypanel.package.rebuild import Compared, Rebuilt, compare, report, told

REFUSALS = (
    "path,part,rule,reason_en,reason_zh\nraw/customs/a.csv,,rows,x,x\nresults/mine/panel.parquet,quality,few,x,x\n"
)
EXHIBITS = (
    "study,analyses,output\nmine,baseline,results/mine/tables/table1_en.csv\n"
    "mine,other,results/mine/tables/table2_en.csv\nmine,other baseline,results/mine/figures/figure1_en.csv\n"
)


@pytest.fixture
def package(tmp_path):
    """A package whose panel lacks quality, with two records: one of quality, one of growth."""
    results = tmp_path / "results"
    for name, formula in (("baseline", "log(quality) ~ inno | city"), ("other", "growth ~ inno | city")):
        path = results / "mine" / "estimates" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"formula": formula, "columns": [{"formula": formula}], "curves": {}}))
    (results / "mine" / "ledger").mkdir()
    (results / "mine" / "ledger" / "table1.csv").write_text("x")
    (tmp_path / "REFUSALS.csv").write_text(REFUSALS, encoding="utf-8")
    (tmp_path / "EXHIBITS.csv").write_text(EXHIBITS, encoding="utf-8")
    return tmp_path


def test_results_of_a_variable_that_does_not_leave_are_known(package) -> None:
    assert results_in_need(package, package / "results") == {
        "results/mine/estimates/baseline.json",
        "results/mine/tables/table1_en.csv",
        "results/mine/figures/figure1_en.csv",
        "results/mine/ledger/table1.csv",
    }


def test_of_a_whole_panel_nothing_is_in_need(package) -> None:
    (package / "REFUSALS.csv").write_text(REFUSALS.splitlines()[0] + "\n", encoding="utf-8")
    assert results_in_need(package, package / "results") == set()


def entry(path, content=b"x"):
    return Entry(path, len(content), hashlib.sha256(content).hexdigest())


def test_results_are_compared_byte_for_byte_and_what_was_given_is_told_apart(tmp_path) -> None:
    manifest = {
        path: entry(path)
        for path in ("README.md", "results/s/panel.parquet", "results/s/tables/a.csv", "results/s/tables/b.csv",
                     "results/s/tables/c.csv")
    }  # fmt: skip
    (tmp_path / "results" / "s" / "tables").mkdir(parents=True)
    for name, content in (("panel.parquet", b"x"), ("tables/a.csv", b"x"), ("tables/b.csv", b"y")):
        (tmp_path / "results" / "s" / name).write_bytes(content)
    outcomes = {item.path: item.outcome for item in compare(manifest, tmp_path, given=True)}
    assert outcomes == {
        "results/s/panel.parquet": "given",
        "results/s/tables/a.csv": "same bytes",
        "results/s/tables/b.csv": "differs",
        "results/s/tables/c.csv": "missing",
    }


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) is not installed")
def test_a_pdf_that_holds_another_text_differs(tmp_path) -> None:
    matplotlib = pytest.importorskip("matplotlib.figure")
    for folder, text in (("results", "one"), ("shipped", "one"), ("other", "two")):
        (tmp_path / folder).mkdir()
        figure = matplotlib.Figure()
        figure.text(0.5, 0.5, text, fontsize=9 if folder == "results" else 12)
        figure.savefig(tmp_path / folder / "f.pdf")
    manifest = {"results/f.pdf": entry("results/f.pdf", b"another")}
    (same,) = compare(manifest, tmp_path, shipped=tmp_path / "shipped")
    (other,) = compare(manifest, tmp_path, shipped=tmp_path / "other")
    assert (same.outcome, other.outcome) == ("same text", "differs")


@pytest.mark.parametrize(
    ("outcomes", "fault", "verdict", "line"),
    [
        (["same bytes", "same text"], "", "Every result came out the same.", "2 of 2 results are the same (Python)"),
        (
            ["same bytes", "in need"],
            "",
            "Every result that the package can make came out the same; 1 need",
            "1 of 2 results are the same, 1 need what does not leave (Python)",
        ),
        (["same bytes", "differs"], "", "1 results did not come out the same.", "1 of 2 results are the same (Python)"),
        (
            ["given", "same bytes"],
            "a job failed",
            "The run ended with a fault.",
            "2 of 2 results are the same (Python)",
        ),
    ],
)
def test_the_report_says_what_came_out(outcomes, fault, verdict, line) -> None:
    results = [Compared(f"results/{number}", outcome) for number, outcome in enumerate(outcomes)]
    found = Rebuilt(results, "Python", "Python", fault)
    text = report(found)["REBUILD.md"]
    assert verdict in text
    assert fault in text
    assert told(found) == line
    assert found.whole is (not fault and "differs" not in outcomes)
