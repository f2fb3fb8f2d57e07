"""What a validation.yaml may say, and which part of it each job sees."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from citypanel.declare.study import WORLDS, Study
from citypanel.declare.targets import validation_files
from citypanel.declare.validation import (
    FILE,
    check_methods,
    check_specification,
    checks_slice,
    checks_weights,
    checks_words,
    counted,
    load_validation,
    recovery_slice,
    validation_slice,
)
from citypanel.errors import DeclarationError
from citypanel.sample import known_designs

TEXT = {"en": "a", "zh": "甲"}
STUDY = Study.model_validate(
    {
        "title": {"en": "Study", "zh": "研究"},
        "sample": {"cities": {"adcodes": [310000]}, "years": [2011, 2012]},
        "variables": {"open": {"formula": "fdi_usd_wan / gdp_wan", "label": TEXT}},
        "macros": {"controls": "gdp + open"},
        "weights": {"near": {"kind": "knn:3"}},
        "analyses": {"baseline": {"columns": ["open ~ 1 | city"]}},
    }
)
DECLARED: dict[str, Any] = {
    "designs": {"main": TEXT, "sar:near": TEXT},
    "reasons": {"short": TEXT},
    "checks": {
        "plain": {
            "label": TEXT, "formula": "quality ~ inno + ..controls | city", "vcov": {"cluster": "city"},
            "truth": {"inno": "inno"},
        },
        "lag": {
            "label": TEXT, "design": "sar:near", "method": "spatial", "formula": "quality ~ inno",
            "options": {"w": "near", "model": "sar"}, "truth": {"rho": "rho"}, "tests": "f_p", "reason": "short",
        },
    },
    "effects": {"headline": {"label": TEXT, "analysis": "baseline", "term": "open", "truth": "effects/att"}},
    "cities": {"open": "open"},
}  # fmt: skip
DESIGNS = ("main", "no_effect", "sar:near")


def loaded(folder: Path, document: dict[str, Any]) -> Any:
    (folder / FILE).write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_validation(folder, STUDY, DESIGNS)


def changed(path: str, value: object) -> dict[str, Any]:
    document = copy.deepcopy(DECLARED)
    *parents, last = path.split("/")
    target = document
    for part in parents:
        target = target[part]
    target[last] = value
    return document


def test_a_study_without_the_file_has_no_validation(tmp_path: Path) -> None:
    assert load_validation(tmp_path, STUDY, DESIGNS) is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("designs/mian", TEXT, "key 'designs': design 'mian' is unknown; did you mean 'main'"),
        ("checks/plain/design", "no_effect", r"check 'plain': design 'no_effect' is unknown; allowed: main, sar:near"),
        ("checks/lag/reason", "long", "check 'lag': reason 'long' is unknown; allowed: short"),
        ("checks/plain/size_reason", "long", "check 'plain': reason 'long' is unknown; allowed: short"),
        ("checks/lag/options", {"w": "far"}, "check 'lag': weights 'far' is unknown; allowed: near"),
        ("checks/lag/options", {"w": "near", "modle": "sar"}, "check 'lag', key 'modle' is unknown"),
        ("checks/plain/method", "linaer", "check 'plain': method 'linaer' is unknown; did you mean 'linear'"),
        ("checks/plain/truth", {}, "check 'plain': nothing is asked; name 'truth', 'sets' or 'tests'"),
        ("checks/plain/formula", "y ~ ..control", r"check 'plain': .*macro '\.\.control' is unknown"),
        ("effects/headline/analysis", "basline", "effect 'headline': analysis 'basline' is unknown"),
        ("cities", {"opne": "x"}, "key 'cities': variable 'opne' is unknown; did you mean 'open'"),
        ("checks/plain/draw", 5, r"key 'checks\.plain\.draw' is unknown; did you mean 'draws'"),
        ("checks/plain/draws", 1, r"key 'checks\.plain\.draws' is 1; input should be greater than or equal to 2"),
    ],
)
def test_a_fault_is_one_line_with_its_place(path: str, value: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=message) as fault:
        loaded(tmp_path, changed(path, value))
    assert str(fault.value).startswith(f"study {tmp_path.name}, validation.yaml")
    assert "\n" not in str(fault.value)


def test_estimates_see_formulas_and_neither_labels_nor_reasons(tmp_path: Path) -> None:
    known = loaded(tmp_path, DECLARED)
    seen = checks_slice(known, STUDY, "mine")
    assert seen["checks"]["plain"]["formula"] == "quality ~ inno + gdp + open | city"
    other = changed("checks/plain/label", {"en": "b", "zh": "乙"})
    other["reasons"]["short"] = {"en": "c", "zh": "丙"}
    assert checks_slice(loaded(tmp_path, other), STUDY, "mine") == seen
    assert {"gdp", "inno", "open", "quality", "city"} <= set(checks_words(seen))
    assert checks_weights(known) == ("near",)
    assert check_methods(known) == ("linear", "spatial")
    assert counted(known) == ("coverage", "size")


def test_a_check_becomes_what_its_estimator_reads(tmp_path: Path) -> None:
    seen = checks_slice(loaded(tmp_path, DECLARED), STUDY, "mine")["checks"]
    lag = check_specification(seen["lag"], "here", {"near": "/w/near.csv"})
    assert (lag.method, lag.options.w, lag.unit, lag.time) == ("spatial", "/w/near.csv", "city", "year")
    assert check_specification(seen["plain"], "here", {}).vcov == "cluster:city"


def test_tables_see_labels_and_comparisons_see_places(tmp_path: Path) -> None:
    known = loaded(tmp_path, DECLARED)
    shown = validation_slice(known, STUDY, "mine", "coverage")
    assert shown["title"]["zh"].endswith("研究")
    assert shown["checks"]["lag"] == {"label": TEXT, "design": "sar:near", "reason": "short", "size_reason": None}
    assert recovery_slice(known, "mine") == {
        "study": "mine",
        "effects": {"headline": {"analysis": "baseline", "column": "1", "term": "open", "truth": "effects/att"}},
        "cities": {"open": {"column": "open", "where": None}},
    }


def test_files_are_asked_for_by_study_and_kind() -> None:
    files = validation_files({"a": ["coverage"], "b": []}, "figures", ["zh"])
    assert files == [f"<results>/a/validation/coverage_figure_zh.{end}" for end in ("pdf", "png", "csv", "tex")]


@pytest.mark.parametrize("world", WORLDS)
def test_shipped_checks_read_columns_and_designs_that_can_be_drawn(world: str, project: Path) -> None:
    folder = project / "studies" / world
    if not (folder / "study.yaml").is_file():
        pytest.skip("the study is not declared yet")
    study = Study.model_validate(yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8")))
    known = load_validation(folder, study, known_designs(world, study.weights))
    assert known is not None
    assert set(known.designs) == {check.design for check in known.checks.values()}
    used = {r for check in known.checks.values() for r in (check.reason, check.size_reason) if r}
    assert used == set(known.reasons)
