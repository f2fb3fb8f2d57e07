"""The page of performance budgets and the sizing table say what the committed records say."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import customs
import page
import run
import sizing
from measuring import Group, Measurement, Size


def group(*lines: Measurement, calibration: float = 0.01) -> Group:
    return Group("2026-01-01", "a machine", calibration, list(lines))


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (Measurement("fast", 1.0, "ms", 2.0), "met"),
        (Measurement("slow", 3.0, "ms", 2.0), "MISSED"),
        (Measurement("often enough", 90.0, "times", 80.0, at_least=True), "met"),
        (Measurement("too seldom", 70.0, "times", 80.0, at_least=True), "MISSED"),
        (Measurement("no peer here", None, "times", 20.0, at_least=True), "not measured"),
        (Measurement("none allowed, none found", 0, "libraries", 0), "met"),
        (Measurement("none allowed, one found", 1, "libraries", 0), "MISSED"),
        (Measurement("only told", 1.0, "ms"), ""),
    ],
)
def test_a_goal_is_met_missed_or_not_measurable(line, verdict) -> None:
    assert line.verdict == verdict


def test_times_are_compared_in_units_of_the_fixed_work_and_memory_is_not() -> None:
    before = group(Measurement("fit", 2.0, "ms"), Measurement("peak", 100.0, "MB"), calibration=0.01)
    # Another machine takes twice as long for everything.
    now = group(Measurement("fit", 4.0, "ms"), Measurement("peak", 150.0, "MB"), calibration=0.02)
    assert [page.to_baseline(line, now, before) for line in now.measurements] == pytest.approx([1.0, 1.5])
    assert page.to_baseline(Measurement("new", 1.0, "ms"), now, before) is None


def test_what_cannot_be_measured_stays_on_the_page_and_is_not_counted_as_missed() -> None:
    found = {"gmm": group(Measurement("against a peer", None, "times", 3.0, at_least=True, note="R is not here"))}
    text = page.page(found, {}, {})
    assert "| against a peer |  | at least 3 | not measured |  |  | R is not here |" in text
    assert "0 met, 0 missed, 1 not measurable here" in text
    assert page.missed(found) == 0


def test_sizes_that_follow_a_power_law_are_continued_by_it() -> None:
    # 2 CPU seconds for each million rows in a shared stage, 1 in another; memory flat.
    sizes = [
        Size("customs", stage, rows, each * rows / 1e6, 500.0, rows / 1e4)
        for rows in (1_000_000, 4_000_000)
        for stage, each in (("read", 2.0), ("join", 1.0))
    ]
    need = sizing.need(sizes, 100_000_000)
    assert not need.measured
    assert need.minutes(1) == pytest.approx(300 / 60)
    assert need.minutes(10) == pytest.approx((20 + 100) / 60)
    assert need.peak_mb == pytest.approx(500.0)
    assert need.raw_mb == pytest.approx(10_000)
    assert sizing.need(sizes, 4_000_000).measured


def test_time_is_continued_from_the_two_largest_sizes_and_never_slower_than_in_proportion() -> None:
    # From 10 to 100 rows twenty times as long: so again from 100 to 1,000. The smallest size is mostly a start.
    assert sizing.power({1: 9.0, 10: 10.0, 100: 200.0}, 1000) == pytest.approx(4000.0)
    assert sizing.power({1: 9.0, 10: 10.0}, 100) == pytest.approx(100.0)


def test_memory_that_grows_is_extrapolated_along_its_line() -> None:
    assert sizing.line({1: 100.0, 3: 300.0}, 10) == pytest.approx(1000.0)
    assert sizing.line({1: 300.0, 3: 280.0}, 10) == pytest.approx(300.0)


def test_tables_in_the_documentation_are_those_of_the_committed_records() -> None:
    groups = run.read(run.BASELINE)
    for path, text in run.documents(groups).items():
        assert path.read_text(encoding="utf-8") == text, "run: python benchmarks/run.py --update"


def test_committed_records_have_one_shape(tmp_path) -> None:
    groups = run.read(run.BASELINE)
    run.write(tmp_path / "again.json", groups)
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(run.BASELINE.read_text(encoding="utf-8"))


def test_the_same_steps_in_pandas_give_the_same_quality_of_cities(tmp_path, monkeypatch) -> None:
    # Few rows are badly connected: sweeps that still change by 1e-10 are far from their end.
    monkeypatch.setattr("customs_pandas.STEADY", 1e-12)
    customs.stage("20000", tmp_path)
    for job in (job for jobs in customs.STAGES.values() for job in jobs):
        customs.stage(job, tmp_path)
    customs.stage("pandas", tmp_path)
    # An implementation that shares nothing but the registers; it adds up in another order.
    assert customs.agreement(tmp_path) < 1e-9
