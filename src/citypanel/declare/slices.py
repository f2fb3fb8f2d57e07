"""The part of a study that one job may see, as plain data for `params`.

A job reruns when its slice changes. So a slice holds what the job computes with and nothing else: labels and
titles are in the slices of exhibits only, and an analysis sees its own columns with the macros filled in.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from citypanel.declare.exhibits import SHOWS_CITIES, analyses_of
from citypanel.declare.formula import expand_macros, formula_names
from citypanel.declare.indicator_options import IndicatorOptions
from citypanel.declare.indicators import FlowOptions, QualityOptions, column, parse_indicator, variant
from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Group, Specification
from citypanel.declare.study import Analysis, Column, Study
from citypanel.declare.variables import VariableBase, indicator_options

Slice = dict[str, Any]

TABLES = {
    "sophistication": ("exports", "world_trade"),
    "cooperation": ("patents",),
    "complexity": ("exports",),
    "quality": ("exports",),
    "disparity": ("city_year",),
    "productivity": ("city_year",),
    "integration": ("city_year",),
    "specialisation": ("city_year",),
    "exposure": ("patents",),
}
# Registers that an indicator looks up.
LOOKED_UP = {
    "cooperation": ("cities",),
    "disparity": ("city_clusters",),
    "integration": ("cities",),
    "quality": ("city_history", "intermediary_words"),
}
UNIT, TIME = "city", "year"
_BETWEEN = {"en": ", ", "zh": "，"}  # a column's label and its group's


def indicator_variants(studies: Iterable[Study]) -> dict[tuple[str, str], Slice]:
    """Return the options of every indicator file that the studies need, by (indicator, variant)."""
    found: dict[tuple[str, str], Slice] = {}
    for study in studies:
        for variable in study.variables.values():
            options = indicator_options(variable)
            if options is not None:
                found[variable.source, variant(options)] = indicator_file_options(options)
    return dict(sorted(found.items()))


def study_cleanings(study: Study) -> dict[str, tuple[str, Slice]]:
    """Return, for each variant of the quality that a study needs, the name of its cleaning and what that does."""
    found = {}
    for variable in study.variables.values():
        options = indicator_options(variable)
        if isinstance(options, QualityOptions):
            flows = options.flows
            found[variant(options)] = variant(flows), flows.model_dump(mode="json")
    return found


def indicator_tables(indicator: str, options: Slice) -> tuple[str, ...]:
    """Return the canonical tables that an indicator is computed from."""
    yearbook = options.get("reference", "world") != "world" or options.get("impute_after") is not None
    return (*TABLES[indicator], "city_year") if yearbook else TABLES[indicator]


def has_attrition(indicator: str) -> bool:
    """Return whether an indicator is computed from customs records, whose account goes with it."""
    return "exports" in TABLES[indicator]


def indicator_files(indicator: str, options: Slice) -> tuple[str, ...]:
    """Return the user's own files that an indicator reads: elasticities, conversion tables, deflators."""
    return tuple(dict.fromkeys(parsed_indicator(indicator, options).files.values()))


def cleaning_files(options: Slice) -> tuple[str, ...]:
    """Return the user's own files that a cleaning reads."""
    return tuple(dict.fromkeys(parsed_flows(options).cleaning.files.values()))


def parsed_flows(options: Slice) -> FlowOptions:
    """Turn the slice of a cleaning into its options."""
    return FlowOptions.model_validate(options)


def indicator_file_options(options: IndicatorOptions) -> Slice:
    """Return the options that make an indicator's file, without the one that picks a column of it."""
    return options.model_dump(mode="json", exclude={options.COLUMN} if options.COLUMN else None)


def panel_slice(study: Study) -> Slice:
    """Return what the panel is built from: the sample, and for each variable where it comes from."""
    variables = {name: _variable_slice(variable) for name, variable in study.variables.items()}
    return {"sample": study.sample.model_dump(mode="json"), "variables": variables}


def _variable_slice(variable: VariableBase) -> Slice:
    options = indicator_options(variable)
    if options is None:
        return variable.model_dump(mode="json", exclude={"label", "definition"})
    return {
        "source": variable.source,  # type: ignore[attr-defined]
        "variant": variant(options),
        "column": column(options),
        "transform": variable.transform,
        "at": variable.at,
        "cut": variable.cut,
    }


def panel_indicators(study: Study) -> list[tuple[str, str]]:
    """Return the (indicator, variant) files that a study's panel reads."""
    return list(indicator_variants([study]))


def panel_tables(study: Study) -> tuple[str, ...]:
    """Return the canonical tables that a study's panel reads by itself: the yearbook, if a variable needs it."""
    kinds = {getattr(variable, "source", "formula") for variable in study.variables.values()}
    return ("city_year",) if kinds & {"yearbook", "formula"} else ()


def study_tables(study: Study) -> tuple[str, ...]:
    """Return every canonical table that a study rests on, directly or through indicators."""
    variants = indicator_variants([study])
    through = [table for (name, _), options in variants.items() for table in indicator_tables(name, options)]
    return tuple(dict.fromkeys([*through, *panel_tables(study)]))


def analysis_slice(study: Study, name: str, analysis: str) -> Slice:
    """Return the columns of one analysis, each complete in itself."""
    declared = study.analyses[analysis]
    columns = [part for column in declared.columns for part in _column_slices(study, declared, column)]
    return {"study": name, "analysis": analysis, "columns": columns}


def _column_slices(study: Study, analysis: Analysis, column: Column) -> list[Slice]:
    """Return the slice of a column, or of each group of a split column."""
    whole = _column_slice(study, analysis, column)
    split = column.split or analysis.split
    if split is None:
        return [whole]
    values = list(split.groups)
    shared = {"by": split.by, "groups": values, "where": whole["where"], "term": split.term}
    return [
        {
            **whole,
            "where": _joined(whole["where"], f'{split.by} == "{value}"'),
            "group": {**shared, "value": value, "tested": value == values[-1]},
        }
        for value in values
    ]


def _column_slice(study: Study, analysis: Analysis, column: Column) -> Slice:
    return {
        "method": analysis.method,
        "formula": expand_macros(column.formula, study.macros),
        "vcov": column.vcov or analysis.vcov,
        "weights": column.weights or analysis.weights,
        "where": _joined(analysis.where, column.where),
        "winsorise": list(analysis.winsorise if column.winsorise is None else column.winsorise),
        "seed": analysis.seed,
        "options": {**analysis.options, **column.options},
    }


def _joined(*conditions: str | None) -> str | None:
    given = [condition for condition in conditions if condition]
    return " and ".join(given) or None


def analysis_weights(study: Study, analysis: str) -> tuple[str, ...]:
    """Return the weights matrices that the columns of an analysis name, each once."""
    declared = study.analyses[analysis]
    named = [{**declared.options, **column.options}.get("w") for column in declared.columns]
    return tuple(dict.fromkeys(name for name in named if name))


def specifications(analysis: Mapping[str, Any], weights: Mapping[str, str] | None = None) -> list[Specification]:
    """Turn the slice of an analysis into what its estimator reads.

    Parameters
    ----------
    analysis : mapping
        As `analysis_slice` returns it.
    weights : mapping
        The file of each weights matrix that a column names.
    """
    place = f"study {analysis['study']}, analysis '{analysis['analysis']}'"
    return [_specification(column, place, weights or {}) for column in analysis["columns"]]


def _specification(column: Mapping[str, Any], place: str, weights: Mapping[str, str]) -> Specification:
    options = dict(column["options"])
    if "w" in options:
        options["w"] = weights[options["w"]]
    return Specification(
        method=column["method"],
        formula=column["formula"],
        options=parse_options(column["method"], options, place),
        unit=UNIT,
        time=TIME,
        vcov=column["vcov"],
        weights=column["weights"],
        where=column["where"],
        winsorise=tuple(column["winsorise"]),
        seed=column["seed"],
        label=column.get("label"),
        group=_group(column.get("group")),
    )


def _group(given: Mapping[str, Any] | None) -> Group | None:
    return None if given is None else Group(**{**given, "groups": tuple(given["groups"])})


def exhibit_slice(study: Study, name: str, exhibit: str) -> Slice:
    """Return an exhibit's declaration with the labels of everything it may show."""
    declared = study.exhibits[exhibit]
    labels = {key: variable.label for key, variable in study.variables.items()} | study.labels
    columns = {analysis: column_labels(study.analyses[analysis]) for analysis in analyses_of(declared)}
    cautions = _cautions(study, analyses_of(declared))
    # Definitions are handed to the one kind that shows them, so that editing one redraws nothing else.
    shown = {"definitions": _definitions(study)} if declared.kind == "variables" else {}
    return {
        "study": name,
        "exhibit": exhibit,
        **declared.model_dump(mode="json", exclude={"published", "matching"}),
        **shown,
        **({"cautions": cautions} if cautions else {}),
        "labels": {key: text.model_dump() for key, text in labels.items()},
        "columns": columns,
        "years": list(study.sample.years),
    }


def column_labels(analysis: Analysis) -> list[dict[str, str] | None]:
    """Return the declared label of each column, of a split column one for each of its groups."""
    labels: list[dict[str, str] | None] = []
    for each in analysis.columns:
        own = each.label.model_dump() if each.label else None
        split = each.split or analysis.split
        groups = [text.model_dump() for text in split.groups.values()] if split else []
        labels += [_joined_labels(own, group) for group in groups] if split else [own]
    return labels


def _joined_labels(own: dict[str, str] | None, group: dict[str, str]) -> dict[str, str]:
    return {key: f"{own[key]}{between}{group[key]}" for key, between in _BETWEEN.items()} if own else group


def _cautions(study: Study, analyses: Iterable[str]) -> list[dict[str, str]]:
    """Return what a reader must know of the indicators that these analyses read, each once."""
    texts = []
    for analysis in analyses:
        for each in study.analyses[analysis].columns:
            names = formula_names(expand_macros(each.formula, study.macros))
            for variable in (study.variables[name] for name in names if name in study.variables):
                options = indicator_options(variable)
                texts += [options.caution] if options is not None and options.caution is not None else []
    return [text.model_dump() for text in dict.fromkeys(texts)]


def _definitions(study: Study) -> dict[str, dict[str, str] | None]:
    return {
        name: None if variable.definition is None else variable.definition.model_dump()
        for name, variable in study.variables.items()
    }


def panel_policies(study: Study) -> tuple[str, ...]:
    """Return the policies that a study's panel reads."""
    named = [variable.policy for variable in study.variables.values() if getattr(variable, "source", "") == "policy"]
    return tuple(dict.fromkeys(named))


def exhibit_records(study: Study, name: str, world: str, exhibit: str) -> list[str]:
    """Return the records that an exhibit reads, below `<results>`: of its analyses, or of an indicator's account."""
    declared = study.exhibits[exhibit]
    if declared.kind == "attrition":
        indicator, file = _indicator_of(study, declared.variable)
        return [f"<results>/indicators/{world}/{indicator}/{file}.attrition.json"]
    return [f"<results>/{name}/estimates/{analysis}.json" for analysis in analyses_of(declared)]


def _indicator_of(study: Study, variable: str) -> tuple[str, str]:
    """Return indicator and variant behind a variable that is known to have one."""
    options = indicator_options(study.variables[variable])
    assert options is not None  # noqa: S101 - checked when the study was read
    return study.variables[variable].source, variant(options)


def exhibit_files(study: Study, name: str, world: str, exhibit: str) -> dict[str, list[str]]:
    """Return what an exhibit shows besides records, below `<results>`.

    `weights` are matrices, `pairs` the flows behind a cooperation variable, `panel` says whether they are simulated.
    """
    declared = study.exhibits[exhibit]
    if declared.kind == "weights_heatmap":
        weights = [f"<results>/{name}/weights/{matrix}.csv" for matrix in declared.weights]
        return {"weights": weights, "panel": [f"<results>/{name}/panel.parquet"]}
    if declared.kind == "local_moran":
        return {"panel": [f"<results>/{name}/panel.parquet"]}
    if declared.kind == "network":
        indicator, file = _indicator_of(study, declared.variable)
        pairs = f"<results>/indicators/{world}/{indicator}/{file}.pairs.parquet"
        return {"pairs": [pairs], "panel": [f"<results>/{name}/panel.parquet"]}
    return {}


def shows_cities(study: Study, exhibit: str) -> bool:
    """Return whether an exhibit needs names and coordinates from the register of cities."""
    return study.exhibits[exhibit].kind in SHOWS_CITIES


def parsed_indicator(name: str, options: Slice) -> IndicatorOptions:
    """Turn the slice of an indicator file into its options."""
    return parse_indicator(name, options, f"indicator {name}")
