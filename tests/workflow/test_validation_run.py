"""`snakemake validation`: asked for by name, drawn in blocks, and nothing of it in the ordinary run."""

import json

import pytest

pytestmark = pytest.mark.workflow

FEW = ("validation", "--config", "validation={draws: 4, block: 2}")
SHOWN = ("coverage", "size", "recovery")


def test_validation_is_no_part_of_the_ordinary_run_and_makes_its_tables_and_figures(finished) -> None:
    assert "draw_panels" not in finished.jobs()
    planned = finished.jobs(*FEW)
    assert planned.pop("validation") == 1
    # Two blocks for each study; the panels, weights and records of the ordinary run are there already.
    studies = planned["count_coverage"]
    assert planned["draw_panels"] == planned["check_estimators"] == 2 * studies
    assert set(planned) <= {
        "draw_panels", "check_estimators", "count_coverage", "recover_quality", "recover_effects",
        "render_validation", "draw_validation",
    }  # fmt: skip
    done = finished.snakemake(*FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = finished.root / "results" / "yrd_cooperation" / "validation"
    record = json.loads((folder / "validation.json").read_text(encoding="utf-8"))
    assert {row["draws"] + row["failed"] for row in record["curves"]["validation"]} == {4}
    assert record["sample"]["simulated"]
    for kind in SHOWN:
        for language, mark in (("en", "simulated data"), ("zh", "模拟数据")):
            assert mark in (folder / f"{kind}_table_{language}.html").read_text(encoding="utf-8")
    # Drawn panels are large; they go when they have been estimated on.
    assert not list(folder.glob("panels_*.parquet"))
    assert finished.jobs(*FEW) == {}


def test_a_reason_redraws_and_estimates_nothing(finished) -> None:
    path = "studies/yrd_cooperation/validation.yaml"
    with finished.edited(path, "Four clusters are too few", "Four clusters are very few"):
        jobs = finished.jobs(*FEW)
    assert jobs.pop("validation") == 1
    assert set(jobs) == {"render_validation", "draw_validation"}


def test_absurd_numbers_of_panels_stop_the_run_in_one_line(finished) -> None:
    done = finished.snakemake("validation", "--dry-run", "--config", "validation={draws: 0}")
    assert done.returncode == 2
    assert "key 'validation.draws' is '0'; input should be greater than or equal to 2" in done.stderr
    done = finished.snakemake("validation", "--dry-run", "--config", "validation={seed: -1}")
    assert done.returncode == 2
    assert "key 'validation.seed' is '-1'" in done.stderr
