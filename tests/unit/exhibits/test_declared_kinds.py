"""What may be declared is what can be made, and defaults of the declaration are ones that the makers take."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from citypanel.declare.exhibits import FIGURE_MODELS, TABLE_MODELS, Exhibit, ExhibitBase, analyses_of
from citypanel.declare.validation import TITLES
from citypanel.exhibits.figures.draw import KINDS as DRAWN
from citypanel.exhibits.figures.draw import WITHOUT_RECORDS as DRAWN_FROM_FILES
from citypanel.exhibits.render import KINDS as RENDERED
from citypanel.exhibits.render import WITHOUT_RECORDS, render_table
from citypanel.result import ColumnResult, Record, TermResult

EXHIBIT: TypeAdapter[ExhibitBase] = TypeAdapter(Exhibit)
TITLE = {"en": "T", "zh": "表"}
MORE: dict[str, dict[str, Any]] = {
    "coefficients": {"terms": ["x"]},
    "weights_heatmap": {"weights": "distance"},
    "network": {"variable": "inno"},
    "attrition": {"variable": "quality"},
}
TERMS = (TermResult("x", 1.0, 0.5, 2.0, 0.04),)
PAIR = {"row": "x", "column": "y", "r": 0.5, "p": 0.1, "n": 9}
MOMENTS = {"variable": "x", "n": 9, "mean": 1.0, "sd": 1.0, "min": 0.0, "median": 1.0, "max": 2.0}
RECORDS: dict[str, Record] = {
    "regression": Record("linear", "", (ColumnResult("1", "y", 9, terms=TERMS, stats={"r2": 0.5, "r2_adj": 0.4}),)),
    "descriptives": Record("describe", "", (), curves={"describe": [MOMENTS]}),
    "correlations": Record("correlate", "", (), curves={"correlation": [PAIR]}),
    "moran": Record(
        "moran",
        "",
        (ColumnResult("1", "y", 9, vcov={"type": "normal"}),),
        curves={"moran": [{"period": "1", "I": 0.1, "p": 0.2}]},
    ),
    "spatial_lm": Record("spatial_lm", "", (ColumnResult("1", "y", 9, stats={"lm_lag": 1.0, "lm_lag_p": 0.3}),)),
    "spatial": Record(
        "spatial", "", (ColumnResult("1", "y", 9, terms=TERMS, stats={"r2_within": 0.1, "loglik": 1.0}),)
    ),
    "attrition": Record(
        "attrition",
        "",
        (),
        curves={
            "attrition": [{"step": 1, "name": "exports_only", "reason": "import", "rows_before": 2, "rows_after": 1}]
        },
    ),
    "mediation": Record(
        "mediation",
        "",
        tuple(
            ColumnResult(name, "y", 9, terms=(*TERMS, TermResult("m", 0.2)), stats={"treatment": "x", "mediator": "m"})
            for name in ("total", "mediator", "direct")
        ),
        curves={"mediation": [{"effect": "indirect", "estimate": 0.1, "se": 0.05}]},
    ),
    "balance": Record("psm_did", "", (), curves={"balance": [{"variable": "x", "sample": "before", "bias": 1.0}]}),
}


def declared(kind: str) -> ExhibitBase:
    models = {**TABLE_MODELS, **FIGURE_MODELS}
    analysis = {"analysis": "a"} if "analysis" in models[kind].model_fields else {}
    return EXHIBIT.validate_python({"kind": kind, "title": TITLE, **analysis, **MORE.get(kind, {})})


def test_declared_and_made_kinds_are_the_same() -> None:
    # Those of a validation are declared in its own file.
    assert {*TABLE_MODELS, *TITLES} == set(RENDERED)
    assert {*FIGURE_MODELS, *TITLES} == set(DRAWN)


@pytest.mark.parametrize("kind", [*TABLE_MODELS, *FIGURE_MODELS])
def test_kinds_without_records_name_no_analysis(kind: str) -> None:
    # The account of an indicator is a record, but not one of an analysis.
    without = (*WITHOUT_RECORDS, *DRAWN_FROM_FILES, "attrition")
    assert (analyses_of(declared(kind)) == ()) is (kind in without)


def test_durbin_models_and_variance_inflation_are_records_of_their_tables() -> None:
    both = {"kind": "spatial_lm", "title": TITLE, "analysis": ["a", "b"], "durbin": "c"}
    assert analyses_of(EXHIBIT.validate_python(both)) == ("a", "b", "c")
    factors = {"kind": "correlations", "title": TITLE, "analysis": "a", "vif": "v"}
    assert analyses_of(EXHIBIT.validate_python(factors)) == ("a", "v")


@pytest.mark.parametrize("kind", TABLE_MODELS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_declared_with_defaults_renders(kind: str, language: str) -> None:
    exhibit = {"study": "s", "exhibit": "e", **declared(kind).model_dump(mode="json"), "definitions": {"x": TITLE}}
    records = [RECORDS[kind]] if kind in RECORDS else []
    table = render_table(records, exhibit, language)
    assert table.kind == kind
    assert table.rows
