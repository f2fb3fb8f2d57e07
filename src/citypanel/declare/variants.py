"""The finite set of conventions that the ledger's search tries: variants of an analysis, each an ordinary column.

A variant is named by what it changes (`vcov=iid`, `effects=city`), so that its record says what it is. The variants
of all columns of an analysis are estimated in one job, under the name `<analysis>~conventions`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from citypanel.declare.slices import TIME, UNIT, Slice, analysis_slice, analysis_weights
from citypanel.declare.study import Study, Weights

SUFFIX = "~conventions"
Factors = dict[str, str]  # what a variant changes, in the words of the declaration

_VCOV = ("iid", "hetero", "HC2", "HC3", f"cluster:{UNIT}", f"cluster:{TIME}", f"cluster:{UNIT}+{TIME}")
_SSC = ("reghdfe", "none")
_BESIDE_EFFECTS = (("mean", "slopes"), ("base", "all"))  # constant and F of reghdfe, and those of explicit dummies
_EFFECTS = ("none", UNIT, TIME, f"{UNIT} + {TIME}")
_WINSORISE = ("none", "0.01,0.99", "0.025,0.975", "0.05,0.95")
_SAMPLES = {
    "first year left out": "year > {first}",
    "last year left out": "year < {last}",
    "municipalities left out": " and ".join(f"province != {code}" for code in (110000, 120000, 310000, 500000)),
}
# Options that are changed one at a time, with all their values; the declared one is left out.
_OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "linear": {"singletons": ("drop", "keep")},
    "psm_did": {
        "score": ("logit", "probit"),
        "match": ("kernel", "nearest"),
        "kernel": ("epanechnikov", "normal", "uniform"),
        "support": ("true", "false"),
        "by_year": ("true", "false"),
    },
    "gmm": {
        "system": ("true", "false"),
        "transform": ("fd", "fod"),
        "steps": ("1", "2"),
        "windmeijer": ("true", "false"),
        "small": ("true", "false"),
        "time_dummies": ("true", "false"),
        "h": ("1", "2", "3"),
    },
    "spatial": {
        "effects_fe": ("both", "unit", "time", "none"),
        "row_standardise": ("true", "false"),
        "twoways_lag": ("demeaned", "dummies"),
        "leeyu": ("true", "false"),
        "information": ("expected", "observed"),
        "impacts": ("delta", "mc"),
    },
    "spatial_lm": {
        "effects_fe": ("none", "both", "unit", "time"),
        "row_standardise": ("true", "false"),
        "twoways_lag": ("demeaned", "dummies"),
    },
    "moran": {"row_standardise": ("true", "false")},
}
_DEFAULTS: dict[str, str] = {
    "ssc": "reghdfe", "constant": "mean", "f_terms": "slopes", "singletons": "drop",
    "score": "logit", "match": "kernel", "kernel": "epanechnikov", "support": "true", "by_year": "true",
    "system": "false", "transform": "fd", "steps": "2", "windmeijer": "true", "small": "false",
    "time_dummies": "false", "h": "3", "row_standardise": "true", "twoways_lag": "demeaned", "leeyu": "false",
    "information": "expected", "impacts": "delta", "side": "greater", "assumption": "randomisation",
}  # fmt: skip
SEARCHED = (*_OPTIONS, "describe", "correlate")


def is_search(analysis: str) -> bool:
    """Whether the name is that of the variants of an analysis."""
    return analysis.endswith(SUFFIX)


def searched(study: Study, analyses: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the jobs that estimate the variants of these analyses."""
    return tuple(f"{name}{SUFFIX}" for name in analyses if study.analyses[name].method in SEARCHED)


def base_of(analysis: str) -> str:
    """Return the declared analysis behind a name."""
    return analysis.removesuffix(SUFFIX)


def job_slice(study: Study, name: str, analysis: str) -> Slice:
    """Return what the job of a declared analysis, or of the variants of one, may see."""
    declared = analysis_slice(study, name, base_of(analysis))
    if not is_search(analysis):
        return declared
    years = study.sample.years
    columns = [
        {**varied(column, factors, years), "label": variant_label(number, factors)}
        for number, column in enumerate(declared["columns"], start=1)
        for factors in variants(column, alternative_matrices(study))
    ]
    return {"study": name, "analysis": analysis, "columns": columns, "tolerant": True}


def job_weights(study: Study, analysis: str) -> tuple[str, ...]:
    """Return the weights matrices that a job reads."""
    named = analysis_weights(study, base_of(analysis))
    if not is_search(analysis):
        return named
    return (*named, *(other for name in named for other in alternative_matrices(study)[name]))


def all_weights(study: Study) -> dict[str, Weights]:
    """Return the declared matrices and the alternatives that the search tries."""
    alternatives = alternative_matrices(study)
    return {
        **study.weights,
        **{
            other: study.weights[name].model_copy(update={"kind": kind})
            for name, others in alternatives.items()
            for other, kind in others.items()
        },
    }


def alternative_matrices(study: Study) -> dict[str, dict[str, str]]:
    """Return, for each declared matrix, the kinds that the search tries instead, by the name of their file."""
    return {
        name: {f"{name}~{kind.replace(':', '_').replace('*', '_by_')}": kind for kind in _other_kinds(weights.kind)}
        for name, weights in study.weights.items()
    }


def _other_kinds(kind: str) -> tuple[str, ...]:
    """Return other decays of a distance, economic distance with and without decay, other numbers of neighbours."""
    head, _, tail = kind.partition(":")
    if kind in ("economic", "economic*inverse_distance"):
        return ("economic*inverse_distance",) if kind == "economic" else ("economic",)
    if head == "inverse_distance" and "*" not in kind:
        return tuple(f"{head}:{power:g}" for power in (0.5, 1.0, 2.0) if power != float(tail or 1))
    if head == "knn" and "*" not in kind:
        return tuple(f"{head}:{count}" for count in (4, 6, 8) if count != int(tail))
    return ()


def variant_label(column: int, factors: Factors) -> str:
    """Return the label of a variant's column: the declared column and what is changed, as `2; vcov=iid; ssc=none`."""
    return "; ".join([str(column), *(f"{name}={value}" for name, value in factors.items())])


def parse_variant_label(label: str) -> tuple[str, Factors]:
    """Return the declared column and the changes of a variant's label."""
    column, *changes = label.split("; ")
    return column, dict(change.split("=", 1) for change in changes)


def variants(column: Mapping[str, Any], matrices: Mapping[str, Mapping[str, str]]) -> Iterator[Factors]:
    """Yield what each variant of a column changes; the declared column itself is none of them.

    Parameters
    ----------
    column : mapping
        A column as `analysis_slice` returns it.
    matrices : the alternatives of each declared matrix
    """
    method = column["method"]
    seen: list[Factors] = []
    for factors in (
        *(_standard_errors(column) if method in ("linear", "psm_did") else ()),
        *(_tails(column) if method == "moran" else ()),
        *(
            {name: value}
            for name, values in _OPTIONS.get(method, {}).items()
            for value in values
            if value != option_of(column, name)
        ),
        *(_estimators(column) if method == "linear" else ()),
        *(_effects(column) if method == "linear" else ()),
        *(_winsor_and_sample(column) if method in ("linear", "describe", "correlate") else ()),
        *({"w": other} for other in matrices.get(column["options"].get("w", ""), ())),
    ):
        if factors and factors not in seen:
            seen.append(factors)
            yield factors


def option_of(column: Mapping[str, Any], name: str) -> str:
    """Return a declared option as text, or what it is where nothing is declared."""
    value = column["options"].get(name)
    if value is None and name == "effects_fe":
        return "none" if column["method"] == "spatial_lm" else "both"
    return _DEFAULTS.get(name, "") if value is None else _word(value)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def vcov_of(column: Mapping[str, Any]) -> str:
    """Return the declared variance; HC1 goes by the name hetero."""
    vcov = column["vcov"] or "iid"
    return "hetero" if vcov == "HC1" else str(vcov)


def parts_of(formula: str) -> tuple[str, str, str]:
    """Return the regression, the fixed effects and the instruments of a formula, each without its bar."""
    regression, *others = [part.strip() for part in formula.split("|")]
    effects = next((part for part in others if "~" not in part), "")
    return regression, effects, next((part for part in others if "~" in part), "")


def _standard_errors(column: Mapping[str, Any]) -> Iterator[Factors]:
    """Yield variances with small-sample factors, beside both conventions of the constant and of F."""
    declared = {"vcov": vcov_of(column)} | {name: option_of(column, name) for name in ("ssc", "constant", "f_terms")}
    _, effects, instruments = parts_of(column["formula"])
    alone = column["method"] != "linear" or not effects or instruments or column["options"].get("estimator")
    pairs = ((declared["constant"], declared["f_terms"]),) if alone else _BESIDE_EFFECTS
    for vcov, ssc, (constant, f_terms) in product(_VCOV, _SSC if column["method"] == "linear" else _SSC[:1], pairs):
        leverage = vcov in ("HC2", "HC3")
        if leverage and ssc == "none":
            continue  # they have no factor to leave out
        # The constant of the base category does not take HC2 and HC3.
        tried = {"vcov": vcov, "ssc": ssc, "constant": "mean" if leverage else constant, "f_terms": f_terms}
        yield {name: value for name, value in tried.items() if value != declared[name]}


def _tails(column: Mapping[str, Any]) -> Iterator[Factors]:
    declared = {name: option_of(column, name) for name in ("side", "assumption")}
    for side, assumption in product(("greater", "two"), ("randomisation", "normal")):
        yield {k: v for k, v in {"side": side, "assumption": assumption}.items() if v != declared[k]}


def _estimators(column: Mapping[str, Any]) -> Iterator[Factors]:
    if parts_of(column["formula"])[2]:
        declared = column["options"].get("estimator") or "2sls"
        yield {"estimator": "liml" if declared == "2sls" else "2sls"}


def _effects(column: Mapping[str, Any]) -> Iterator[Factors]:
    """Yield other sets of effects, and explicit dummies where a cluster makes them count differently."""
    _, effects, instruments = parts_of(column["formula"])
    if column["options"].get("estimator") in ("between", "random"):
        return
    declared = " + ".join(sorted(part.strip() for part in effects.split("+"))) or "none"
    yield from ({"effects": other} for other in _EFFECTS if other != declared)
    if effects and not instruments and "^" not in effects:
        for vcov in _VCOV[4:]:
            yield {"effects": "dummies"} | ({} if vcov == vcov_of(column) else {"vcov": vcov})


def _winsor_and_sample(column: Mapping[str, Any]) -> Iterator[Factors]:
    declared = ",".join(f"{share:g}" for share in column["winsorise"]) or "none"
    yield from ({"winsorise": shares} for shares in _WINSORISE if shares != declared)
    yield from ({"sample": rule} for rule in _SAMPLES)


def varied(column: Mapping[str, Any], factors: Factors, years: tuple[int, int]) -> Slice:
    """Return a column with the changes of a variant; the test of a split stays with the declared column."""
    changed: Slice = {key: value for key, value in column.items() if key != "group"}
    options = dict(column["options"])
    for name, value in factors.items():
        if name == "effects":
            changed["formula"] = with_effects(column["formula"], value)
            if value in ("none", "dummies"):
                options = {key: kept for key, kept in options.items() if key not in ("constant", "f_terms")}
        elif name == "vcov":
            changed["vcov"] = value
        elif name == "winsorise":
            changed["winsorise"] = [] if value == "none" else [float(share) for share in value.split(",")]
        elif name == "sample":
            rule = _SAMPLES[value].format(first=years[0], last=years[1])
            changed["where"] = " and ".join(part for part in (column["where"], rule) if part)
        else:
            options[name] = {"true": True, "false": False}.get(value, value)
    return {**changed, "options": options}


def with_effects(formula: str, effects: str) -> str:
    """Return a formula with other fixed effects; `dummies` writes those it has as regressors.

    >>> with_effects("y ~ x | city + year", "dummies"), with_effects("y ~ x | year | z ~ w", "none")
    ('y ~ x + i(city) + i(year)', 'y ~ x | z ~ w')
    """
    regression, declared, instruments = parts_of(formula)
    if effects == "dummies":
        regression += "".join(f" + i({name.strip()})" for name in declared.split("+"))
    absorbed = "" if effects in ("none", "dummies") else effects
    return " | ".join(part for part in (regression, absorbed, instruments) if part)
