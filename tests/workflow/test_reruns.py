"""What reruns after an edit, and what does not."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from citypanel.cli import main
from citypanel.declare.load import load_study
from citypanel.declare.printed import compared_analyses, searched_analyses
from citypanel.declare.study import Study
from citypanel.declare.variants import searched
from citypanel.registers import Registers
from citypanel.sample import own_columns, sample_files

pytestmark = pytest.mark.workflow

STUDY = "studies/yrd_cooperation/study.yaml"


def declared(finished, study: str = STUDY) -> dict:
    return yaml.safe_load((finished.root / study).read_text(encoding="utf-8"))


def studies(finished) -> list[str]:
    """Return the declarations of all studies of the run."""
    config = yaml.safe_load((finished.root / "config.yaml").read_text(encoding="utf-8"))
    return [f"studies/{name}/study.yaml" for name in config["studies"]]


def exhibits(finished, analyses: Iterable[str] | None = None, study: str = STUDY) -> int:
    """Count the exhibits that read one of these analyses; all of them by default."""
    declarations = declared(finished, study)["exhibits"].values()
    if analyses is None:
        return len(declarations)
    chosen = set(analyses)
    keys = ("analysis", "vif", "durbin")
    return sum(1 for item in declarations if chosen & {name for key in keys for name in _listed(item.get(key))})


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value] if value else []


def using(finished, study: str, *methods: str) -> list[str]:
    """Return the analyses of a study that run one of these methods."""
    return [name for name, analysis in declared(finished, study)["analyses"].items() if analysis["method"] in methods]


def of(jobs: dict[str, int]) -> dict[str, int]:
    """Return the jobs with tables and figures counted together, and so the study's ledger and the overview."""
    together = {
        "exhibits": [rule for rule in jobs if rule in ("render_table", "draw_figure")],
        "ledger": [rule for rule in jobs if rule.startswith("ledger_")],
    }
    found = {name: sum(jobs.pop(rule) for rule in rules) for name, rules in together.items()}
    return {**jobs, **{name: count for name, count in found.items() if count}}


LEDGER = {"ledger": 2}  # of the study, and the overview


def loaded(finished, study: str) -> Study:
    """Return a study with what its simulated raw folder lists beside the registers."""
    return load_study(
        (finished.root / study).parent,
        Registers(),
        policies=lambda name, _: [Path(file).stem for file in sample_files("tiny", name) if "policies/" in file],
        columns=lambda name, _: own_columns(name),
    )


def estimates(finished, analyses: Iterable[str], study: str = STUDY) -> int:
    """Count the jobs that estimate these analyses and the variants that the ledger searches."""
    chosen, known = list(analyses), loaded(finished, study)
    return len(chosen) + len(set(searched_analyses(known)) & set(searched(known, chosen)))


def ledgers(finished, touched: dict[str, list[str]]) -> dict[str, int]:
    """Count the ledgers that read one of the touched analyses of their study, and the overview."""
    read = [study for study, names in touched.items() if set(compared_analyses(loaded(finished, study))) & set(names)]
    return {"ledger": len(read) + 1} if read else {}


def test_nothing_is_done_twice(finished) -> None:
    assert finished.jobs() == {}


def test_a_docstring_a_comment_and_a_blank_line_rerun_nothing(finished) -> None:
    docstring = finished.edited("src/citypanel/estimate/linear.py", '"""', '"""Edited. ')
    comment = finished.edited("src/citypanel/panel/assemble.py", "import numpy", "# why\n\nimport numpy")
    with docstring, comment:
        assert finished.jobs() == {}


def test_touched_files_rerun_nothing(finished) -> None:
    for pattern in (
        "scripts/*.py",
        "src/citypanel/estimate/*.py",
        "registers/*.csv",
        STUDY,
        "results/raw/*/*/*",
    ):
        for path in finished.root.glob(pattern):
            os.utime(path)
    assert finished.jobs() == {}


def test_a_logic_edit_reruns_the_dependent_jobs_only(finished) -> None:
    edit = ("src/citypanel/estimate/describe.py", "import numpy as np", "import numpy as np\n\nEDITED = 1")
    with finished.edited(*edit):
        jobs = of(finished.jobs())
    touched = {study: using(finished, study, "describe", "correlate", "vif") for study in studies(finished)}
    drawn = sum(exhibits(finished, names, study) for study, names in touched.items())
    estimated = sum(estimates(finished, names, study) for study, names in touched.items())
    assert jobs == {"estimate": estimated, "exhibits": drawn, **ledgers(finished, touched)}


def test_an_edited_script_reruns_its_rule(finished) -> None:
    with finished.edited("scripts/render_table.py", "if __name__", "EDITED = 1\n\nif __name__"):
        assert set(finished.jobs()) == {"render_table"}


def test_one_edited_column_reruns_that_analysis_and_its_table(finished) -> None:
    with finished.edited(STUDY, "- quality ~ inno | city + year", "- quality ~ inno | city"):
        assert of(finished.jobs()) == {"estimate": 2, "exhibits": exhibits(finished, ["baseline"]), **LEDGER}


def test_an_edited_label_reruns_exhibits_and_the_ledger_that_matches_by_labels(finished) -> None:
    with finished.edited(STUDY, "en: Openness", "en: Trade openness"):
        assert of(finished.jobs()) == {"exhibits": exhibits(finished), **LEDGER}


def test_an_edited_printed_cell_or_matching_reruns_no_estimate_and_no_table(finished) -> None:
    with finished.edited("studies/yrd_cooperation/published/table4.csv", "0.030,***", "0.031,***"):
        assert of(finished.jobs()) == {"audit": 1, **LEDGER}
    with finished.edited(STUDY, "Industry Effect: fe:city", "Industry Effect: fe:year"):
        assert of(finished.jobs()) == LEDGER


def test_an_edited_variable_rebuilds_the_panel_and_no_indicator(finished) -> None:
    with finished.edited(STUDY, "formula: loans_wan / deposits_wan", "formula: deposits_wan / loans_wan"):
        jobs = of(finished.jobs())
    study = declared(finished)
    # Tables of variables and of raw rows show declarations and an indicator's account; all else rests on the panel.
    drawn = sum(1 for item in study["exhibits"].values() if item["kind"] not in ("variables", "attrition"))
    # Each matrix has alternatives: two other decays of the distance, one other economic distance.
    counts = {"build_weights": len(study["weights"]) + 3, "exhibits": drawn}
    counts["estimate"] = estimates(finished, study["analyses"])
    assert jobs == {"build_panel": 1, **counts, **LEDGER}


def test_an_edited_register_reruns_what_looks_it_up(finished) -> None:
    with finished.edited("registers/policies.csv", "ip_model_city", "ip_model_city_"):
        rerun = set(finished.jobs())
    assert {"build_panel", "estimate", "render_table"} <= rerun
    data = ("intake", "read_customs", "join_customs", "clean_records", "build_indicator", "simulate_sample")
    assert not {rule for rule in rerun if rule.startswith(data)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("vcov: hetero", "vcov: robust", "study yrd_cooperation, key 'analyses.baseline.vcov' is 'robust'"),
        ("analysis: baseline", "analysis: base", "analysis 'base' is unknown; did you mean 'baseline'?"),
        ("yangtze_delta_41", "yangtze", "key 'sample.cities.cluster': 'yangtze' is unknown"),
        ("column: wage_yuan", "column: wages", "variable 'wage': column 'wages' is unknown"),
    ],
)
def test_a_wrong_declaration_stops_the_run_with_one_line_and_exit_code_2(finished, old, new, expected) -> None:
    with finished.edited(STUDY, old, new):
        done = finished.snakemake("--dry-run")
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_every_record_and_table_says_that_the_data_are_simulated(finished) -> None:
    for study in studies(finished):
        results = finished.root / "results" / study.split("/")[1]
        records = list(results.glob("estimates/*.json"))
        # Variants that the ledger searches stand beside the analyses.
        assert set(declared(finished, study)["analyses"]) <= {path.stem for path in records}
        for path in records:
            assert json.loads(path.read_text(encoding="utf-8"))["sample"]["simulated"] is True, path
        # The table of variables holds definitions and no number.
        numbered = [name for name, item in declared(finished, study)["exhibits"].items() if item["kind"] != "variables"]
        for path in (path for name in numbered for path in results.glob(f"*/{name}_*.tex")):
            text = path.read_text(encoding="utf-8")
            assert "imulated" in text or "模拟" in text, path


def test_snakemake_lint_has_nothing_to_say(finished) -> None:
    done = finished.snakemake("--lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_target_is_there_and_has_nothing_left_to_do(finished) -> None:
    names = [study.split("/")[1] for study in studies(finished)]
    single = f"results/{names[0]}/tables/table1_zh.docx"
    for target in ("tables", "figures", "audits", *names, single):
        assert finished.jobs(target) == {}, target


def test_a_report_holds_every_exhibit_with_caption_by_study_and_family(finished) -> None:
    done = finished.snakemake("--report", "report.html")
    assert done.returncode == 0, done.stdout + done.stderr
    text = (finished.root / "report.html").read_text(encoding="utf-8")
    categories, results = (_value(text, name) for name in ("categories", "results"))
    for study in studies(finished):
        name, whole = study.split("/")[1], declared(finished, study)
        for exhibit, item in whole["exhibits"].items():
            first = next(iter(_listed(item.get("analysis"))), None)
            family = whole["analyses"][first].get("family", "baseline") if first else "descriptive"
            for language in ("en", "zh"):
                (file,) = [path for path in categories[name][family] if f"/{exhibit}_{language}." in path]
                assert results[file]["labels"]["title"] == item["title"][language]
                assert item["title"]["en"].split("’")[0] in results[file]["caption"].replace("&#39;", "'")


def _value(text: str, name: str) -> dict:
    """Return what a script of the report assigns to a name."""
    begin = re.search(rf'<script id="{name}">\s*var {name} = ', text)
    assert begin is not None, name
    return json.JSONDecoder().raw_decode(text[begin.end() :])[0]


def test_a_new_study_runs_as_it_is_written_and_shares_what_is_there(finished) -> None:
    studies = finished.root / "studies"
    assert main(["new-study", "fifth", "--folder", str(studies)]) == 0
    done = finished.snakemake("--config", "studies=fifth")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (finished.root / "results" / "fifth" / "tables" / "baseline_zh.tex").is_file()
    # The indicators are those of the first study, so no raw file was read again.
    assert not re.search("Reading (raw|customs) files", done.stdout + done.stderr)
