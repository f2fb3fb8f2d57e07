"""What a `validation.yaml` may say: which estimators are tried on panels with a known truth, and what is known."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from citypanel.declare.complaints import closest, complaints
from citypanel.declare.formula import expand_macros
from citypanel.declare.methods import OPTIONS, Names, parse_options
from citypanel.declare.slices import TIME, UNIT, Slice
from citypanel.declare.specification import Specification
from citypanel.declare.study import Declaration, Identifier, Study, Vcov
from citypanel.declare.text import Text
from citypanel.declare.yaml import read_yaml
from citypanel.errors import DeclarationError

FILE = "validation.yaml"
TITLES = {
    "coverage": {"en": "Estimates on panels with a known truth: ", "zh": "已知真值面板上的估计："},
    "size": {"en": "Tests on panels where their hypothesis holds: ", "zh": "原假设成立的面板上的检验："},
    "recovery": {"en": "What comes back from simulated raw files: ", "zh": "模拟原始文件的真值还原："},
}


class Check(Declaration):
    """One estimator, tried on every panel of one design.

    A result is named by its term, with the column or the effect in brackets where there are several:
    `did`, `intensity[0.1]`, `inno[direct]`. A test is a p value of `stats`, or the p value of a term.
    """

    label: Text
    design: str = Field("main", description="panels drawn by the study's world: one of `designs`")
    method: str = Field("linear", description="a method of docs/estimators.md")
    formula: str
    vcov: Vcov | None = None
    where: str | None = Field(None, description="COLUMN OP VALUE[ and ...]")
    seed: int | None = Field(None, ge=0)
    options: dict[str, Any] = Field({}, description="options of the method")
    draws: int | None = Field(None, ge=2, description="tried on that many panels only, as where it bootstraps")
    truth: dict[str, str] = Field({}, description="result: name of what is true; bias and coverage are counted")
    sets: dict[str, str] = Field({}, description="statistic that holds a confidence set: name of what is true")
    tests: Names = Field((), description="tests whose null hypothesis holds in this design; their size is counted")
    reason: str | None = Field(None, description="key of `reasons`: why theory expects another coverage than 95%")
    size_reason: str | None = Field(None, description="key of `reasons`: why theory expects another size than 5%")


class Effect(Declaration):
    """An effect estimated on the simulated raw files, beside what is true in their world."""

    label: Text
    analysis: Identifier
    column: str = Field("1", description="number of the column, as in the record")
    term: str
    truth: str = Field(description="place in the world's truth.json, as effects/att")


class Values(Declaration):
    """A variable of the panel beside a column of the world's table of truth."""

    column: str
    where: str | None = Field(None, description="COLUMN OP VALUE[ and ...]; rows of the panel that are compared")


def _column_alone(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Validation(Declaration):
    """Estimators on panels with a known truth, and effects on simulated raw files with a known truth."""

    macros: dict[Identifier, str] = Field({}, description="texts that formulas insert by ..name, beside the study's")
    designs: dict[str, Text] = Field(min_length=1, description="designs of the study's world that are drawn")
    reasons: dict[Identifier, Text] = Field({}, description="why a coverage or size is not the nominal one")
    checks: dict[Identifier, Check] = Field(min_length=1)
    effects: dict[Identifier, Effect] = Field({}, description="headline effects on the simulated raw files")
    cities: dict[str, Annotated[Values, BeforeValidator(_column_alone, json_schema_input_type=str | Values)]] = Field(
        {}, description="variable of the panel: column of the world's table of truth"
    )


def load_validation(folder: Path, study: Study, designs: Iterable[str]) -> Validation | None:
    """Read and check the `validation.yaml` beside a study; None where there is none.

    Parameters
    ----------
    folder : Path
    study : Study
        Its matrices of weights and analyses may be named.
    designs : iterable of str
        What the study's world can draw.

    Raises
    ------
    DeclarationError
        One line: study, key, what was found, what is allowed.
    """
    if not (folder / FILE).is_file():
        return None
    place = f"study {folder.name}, {FILE}"
    try:
        validation = Validation.model_validate(read_yaml(folder / FILE))
    except ValidationError as error:
        raise DeclarationError(complaints(error, Validation, place)[0]) from None
    for name in validation.designs:
        _require(name, designs, f"{place}, key 'designs': design")
    for key, check in validation.checks.items():
        _check(check, validation, study, f"{place}, check '{key}'")
    for key, effect in validation.effects.items():
        _require(effect.analysis, study.analyses, f"{place}, effect '{key}': analysis")
    for name in validation.cities:
        _require(name, study.variables, f"{place}, key 'cities': variable")
    return validation


def _check(check: Check, validation: Validation, study: Study, place: str) -> None:
    _require(check.design, validation.designs, f"{place}: design")
    for reason in (check.reason, check.size_reason):
        if reason is not None:
            _require(reason, validation.reasons, f"{place}: reason")
    if not (check.truth or check.sets or check.tests):
        raise DeclarationError(f"{place}: nothing is asked; name 'truth', 'sets' or 'tests'")
    options = parse_options(check.method, check.options, place)
    if getattr(options, "w", None) is not None:
        _require(check.options["w"], study.weights, f"{place}: weights")
    try:
        expand_macros(check.formula, {**study.macros, **validation.macros})
    except DeclarationError as error:
        raise DeclarationError(f"{place}: {error}") from None


def _require(found: str, allowed: Iterable[str], sentence: str) -> None:
    known = tuple(allowed)
    if found not in known:
        raise DeclarationError(f"{sentence} '{found}' is unknown{closest(found, known)}")


def checks_slice(validation: Validation, study: Study, name: str) -> Slice:
    """Return what the estimates of one study's checks depend on: no label, no reason."""
    macros = {**study.macros, **validation.macros}
    checks = {
        key: {
            **check.model_dump(mode="json", exclude={"label", "reason", "size_reason", "formula"}),
            "formula": expand_macros(check.formula, macros),
        }
        for key, check in validation.checks.items()
    }
    return {"study": name, "checks": checks}


def checks_words(checks: Slice) -> list[str]:
    """Return every word in the formulas, conditions and options of a slice: all columns that an estimator may read."""
    texts = [
        str(value)
        for check in checks["checks"].values()
        for value in (check["formula"], check["where"], check["vcov"], *check["options"].values())
    ]
    return sorted(set(re.findall(r"[^\W\d]\w*", " ".join(texts))))


def checks_weights(validation: Validation) -> tuple[str, ...]:
    """Return the matrices of weights that checks or designs name, each once."""
    named = [check.options["w"] for check in validation.checks.values() if "w" in check.options]
    drawn = [design.partition(":")[2] for design in validation.designs]
    return tuple(dict.fromkeys(name for name in (*named, *drawn) if name))


def check_methods(validation: Validation) -> tuple[str, ...]:
    """Return the methods that a study's checks run."""
    return tuple(dict.fromkeys(check.method for check in validation.checks.values() if check.method in OPTIONS))


def counted(validation: Validation) -> tuple[str, ...]:
    """Return what is counted on drawn panels: coverage, size, or both."""
    checks = validation.checks.values()
    kinds = {"coverage": any(c.truth or c.sets for c in checks), "size": any(c.tests for c in checks)}
    return tuple(kind for kind, asked in kinds.items() if asked)


def recovery_slice(validation: Validation, name: str) -> Slice:
    """Return which effects and values of cities are compared with what is true in the simulated raw files."""
    effects = {key: effect.model_dump(mode="json", exclude={"label"}) for key, effect in validation.effects.items()}
    return {
        "study": name,
        "effects": effects,
        "cities": {name: values.model_dump() for name, values in validation.cities.items()},
    }


def validation_slice(validation: Validation, study: Study, name: str, kind: str) -> Slice:
    """Return what a table or figure of a study's validation shows besides numbers: its kind, labels, reasons."""
    dumped = validation.model_dump(mode="json", include={"designs", "reasons"})
    shown = {"label", "design", "reason", "size_reason"}
    checks = {key: check.model_dump(mode="json", include=shown) for key, check in validation.checks.items()}
    effects = {key: effect.model_dump(mode="json", include={"label"}) for key, effect in validation.effects.items()}
    labels = {key: variable.label for key, variable in study.variables.items()} | study.labels
    return {
        "study": name,
        "exhibit": kind,
        "kind": kind,
        "title": {language: f"{text}{study.title.model_dump()[language]}" for language, text in TITLES[kind].items()},
        **dumped,
        "checks": checks,
        "effects": effects,
        "labels": {key: text.model_dump() for key, text in labels.items()},
    }


def check_specification(check: Mapping[str, Any], place: str, weights: Mapping[str, str]) -> Specification:
    """Turn one check of a slice into what its estimator reads; `weights` are the files of matrices by name."""
    options = dict(check["options"])
    if "w" in options:
        options["w"] = weights[options["w"]]
    return Specification(
        method=check["method"],
        formula=check["formula"],
        options=parse_options(check["method"], options, place),
        unit=UNIT,
        time=TIME,
        vcov=check["vcov"],
        where=check["where"],
        seed=check["seed"],
    )
