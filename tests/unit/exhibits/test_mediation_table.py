"""The table of mediation: one column for each mechanism."""

from typing import Any

import pytest

from citypanel.errors import DeclarationError
from citypanel.exhibits.render import render_table
from citypanel.result import ColumnResult, Record, TermResult

STATS = {"treatment": "did", "mediator": "patents", "share_fieller_low": 0.25, "share_fieller_high": 0.75}


def term(name: str, estimate: float) -> TermResult:
    return TermResult(name, estimate, 0.01, estimate / 0.01, 0.001)


def mediated(number: str = "", mediator: str = "patents") -> list[ColumnResult]:
    def column(part: str, outcome: str, *terms: TermResult, **stats: Any) -> ColumnResult:
        vcov = {"type": "cluster", "by": ["city"], "ssc": "reghdfe", "df": 40}
        return ColumnResult(
            f"{number}{part}", outcome, 410, 41, 10, 41, ("city",), vcov, terms, {**stats}, years=(2011, 2020)
        )

    return [
        column("total", "quality", term("did", 0.04)),
        column("mediator", mediator, term("gdp", 9.0), term("did", 0.2)),
        column("direct", "quality", term("did", 0.02), term(mediator, 0.1), **STATS | {"mediator": mediator}),
    ]


def curve(number: str | None = None) -> list[dict[str, Any]]:
    own = {} if number is None else {"column": number}
    values = {"estimate": 0.02, "se": 0.005, "statistic": 4.0, "p": 0.0001}
    return [{**own, "effect": "indirect", **values}, {**own, "effect": "share", **values, "estimate": 0.5}]


EXHIBIT = {
    "study": "s",
    "exhibit": "table1",
    "kind": "mediation",
    "title": {"en": "Channels", "zh": "中介效应"},
    "labels": {"patents": {"en": "Innovation", "zh": "创新"}, "quality": {"en": "Quality", "zh": "质量"}},
    "columns": {"a": [{"en": "x", "zh": "x"}, None]},
}


def test_links_and_effects_stand_below_one_another() -> None:
    record = Record("mediation", "", tuple(mediated()), curves={"mediation": curve()}, analysis="b")
    table = render_table([record], EXHIBIT, "en")
    printed = [[row.label, row.cells[0].printed] for row in table.rows]
    assert printed[:12:2] == [
        ["Total effect", "0.040***"],
        ["Effect on the mechanism", "0.200***"],
        ["Effect of the mechanism on the outcome", "0.100***"],
        ["Direct effect", "0.020***"],
        ["Indirect effect", "0.020***"],
        ["Share of the indirect in the total effect", "0.500***"],
    ]
    assert ["95% interval of the share (Fieller)", "[0.250, 0.750]"] in printed
    assert ["Observations", "410"] in printed
    assert table.column_titles == ("Quality Innovation (1)",)
    assert "Indirect effects are causal only if nothing unobserved moves both mechanism and outcome." in table.notes


def test_each_declared_column_is_a_mechanism_of_its_own() -> None:
    columns = (*mediated("1."), *mediated("2.", "ties"))
    record = Record("mediation", "", columns, curves={"mediation": [*curve("1"), *curve("2")]}, analysis="b")
    table = render_table([record], EXHIBIT, "zh")
    assert table.column_titles == ("质量 创新 (1)", "质量 ties (2)")
    assert [row.label for row in table.rows][:3] == ["总效应", "", "对机制变量的效应"]


def test_another_method_is_refused_by_name() -> None:
    record = Record("linear", "", tuple(mediated()), analysis="b")
    with pytest.raises(DeclarationError, match="exhibit 'table1': it needs analyses of method 'mediation'; b is of"):
        render_table([record], EXHIBIT, "en")
