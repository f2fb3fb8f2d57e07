"""What a replication takes is told from figures that stand still, and from the run only where there are none."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from citypanel.declare.package import Measured
from citypanel.errors import InputError
from citypanel.package.cost import COLUMNS, MEASURED, STORAGE, TIMES, cost_of, read_measured
from citypanel.receipts import Receipt

HEAD = ",".join(COLUMNS)


@pytest.fixture
def run(tmp_path):
    """A run of two jobs of 400 s each, 600 MB and 3,000 MB, that wrote 30 MB."""
    jobs = []
    for name, memory in (("a", "600.0"), ("b", "3000.0"), ("c", "-")):
        benchmark = tmp_path / "results" / "benchmarks" / "mine" / f"{name}.tsv"
        benchmark.parent.mkdir(parents=True, exist_ok=True)
        seconds = "0.1" if memory == "-" else "400"
        benchmark.write_text(f"s\tmax_rss\n{seconds}\t{memory}\n", encoding="utf-8")
        (tmp_path / name).write_bytes(bytes(10**7))
        jobs.append(Receipt("rule", {}, {name: ""}, {}, {}, f"results/logs/mine/{name}.log"))

    def made(measured=None, *, simulated=True, studies=("one", "two")):
        config = SimpleNamespace(package=SimpleNamespace(measured=measured), sample=SimpleNamespace(preset="default"))
        return SimpleNamespace(
            root=tmp_path, base=tmp_path, results="results", jobs=lambda: jobs, config=config, simulated=simulated,
            studies=dict.fromkeys(studies),
        )  # fmt: skip

    return made


def table(base: Path, *rows: str) -> None:
    (base / "benchmarks").mkdir()
    (base / MEASURED).write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")


ONE, TWO = "default,one,9,200,700,two cores", "default,two,9,300,900,two cores"


def test_without_figures_on_record_they_are_the_run_s(run) -> None:
    cost = cost_of(run())
    assert (cost.time.en, cost.memory_gb, cost.storage.en, cost.jobs) == ("10-60 minutes", 4, "25 MB - 250 MB", 3)
    assert cost.told.en == "on the run that made this package"


def test_figures_on_record_stand_still_whatever_the_run_took(run, tmp_path) -> None:
    table(tmp_path, ONE, TWO, "tiny,one,9,1,1,none")
    cost = cost_of(run())
    assert (cost.time.en, cost.memory_gb, cost.machine) == ("<10 minutes", 1, "two cores")
    assert MEASURED in cost.told.en
    assert cost.run.seconds == pytest.approx(800.1)


@pytest.mark.parametrize("case", [{"simulated": False}, {"studies": ("one", "three")}])
def test_figures_of_the_sample_speak_of_nothing_else(run, tmp_path, case) -> None:
    table(tmp_path, ONE, TWO)
    assert cost_of(run(**case)).told.en == "on the run that made this package"


def test_what_the_authors_state_comes_first(run, tmp_path) -> None:
    table(tmp_path, ONE, TWO)
    cost = cost_of(run(Measured(minutes=90, memory_gb=3, machine="a laptop")))
    assert (cost.time.en, cost.memory_gb, cost.machine) == ("1-8 hours", 4, "a laptop")


def test_every_length_and_size_has_a_bracket() -> None:
    for brackets in (TIMES, STORAGE):
        limits = [limit for limit, _ in brackets]
        assert limits == sorted(limits)
        assert limits[-1] == float("inf")


def test_a_job_without_a_benchmark_and_a_table_of_other_columns_are_named(run, tmp_path) -> None:
    (tmp_path / "results" / "benchmarks" / "mine" / "b.tsv").unlink()
    with pytest.raises(InputError, match=r"mine/b.tsv: rule rule left no benchmark"):
        cost_of(run())
    (tmp_path / "x.csv").write_text("preset\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x.csv: found columns preset; allowed: preset, study"):
        read_measured(tmp_path / "x.csv")
