"""Lineage: the way back from a file, and the four faults that receipts tell."""

import pytest

from citypanel.errors import InputError
from citypanel.package.lineage import Lineage, read_lineage
from citypanel.receipts import Receipt, sha256


@pytest.fixture
def run(tmp_path):
    """Raw -> panel -> record -> table, each file holding its own name."""
    for name in ("raw.csv", "panel.parquet", "record.json", "table.csv"):
        (tmp_path / name).write_text(name, encoding="utf-8")

    def receipt(rule, source, made):
        hashed = {name: sha256(tmp_path / name) for name in (source, made)}
        return Receipt(rule, {source: hashed[source]}, {made: hashed[made]}, {"code": rule}, {})

    receipts = [
        receipt("render_table", "record.json", "table.csv"),
        receipt("build_panel", "raw.csv", "panel.parquet"),
        receipt("estimate", "panel.parquet", "record.json"),
    ]
    return Lineage(receipts, tmp_path)


def test_jobs_behind_a_file_come_sources_first_and_once(run) -> None:
    rules = [job.rule for job in run.upstream(["table.csv", "record.json"])]
    assert rules == ["build_panel", "estimate", "render_table"]
    assert list(run.sources(["table.csv"])) == ["raw.csv"]


def test_an_untouched_run_is_as_its_receipts_say(run) -> None:
    run.verify(["table.csv"])


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("table.csv", "edited", "table.csv was changed after rule render_table wrote it; delete it and run snakemake"),
        ("record.json", "edited", "record.json was changed after rule estimate wrote it"),
        ("raw.csv", "corrected", "panel.parquet is stale: raw.csv has changed since rule build_panel read it"),
        ("raw.csv", None, "raw.csv is missing: rule build_panel read it for panel.parquet"),
        ("panel.parquet", None, "panel.parquet is missing: rule build_panel had written it"),
    ],
)
def test_a_fault_anywhere_behind_a_file_is_named(run, file, content, message) -> None:
    path = run.root / file
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        run.verify(["table.csv"])
    assert message in str(error.value)


def test_a_result_that_was_made_again_leaves_what_was_made_from_the_old_one_stale(run) -> None:
    (run.root / "record.json").write_text("another", encoding="utf-8")
    renewed = Receipt(
        "estimate", run.require("record.json").inputs, {"record.json": sha256(run.root / "record.json")}, {}, {}
    )
    with pytest.raises(InputError, match=r"table.csv is stale: it was made from another record.json"):
        Lineage([*run.receipts[:2], renewed], run.root).verify(["table.csv"])


def test_a_file_that_no_job_wrote_is_refused(run) -> None:
    with pytest.raises(InputError, match=r"other.csv: no job of the run wrote it"):
        run.verify(["other.csv"])


def test_a_folder_in_which_nothing_ran_is_told(tmp_path) -> None:
    with pytest.raises(InputError, match="holds no receipt of a job: nothing has been run here"):
        read_lineage(tmp_path)
