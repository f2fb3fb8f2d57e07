"""Tables and figures of a validation: every number in its place, every reason behind its letter, in both languages."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from citypanel.exhibits.figures import draw_figure
from citypanel.exhibits.render import render_table, write_table_files
from citypanel.exhibits.table import Table
from citypanel.exhibits.validation_words import TESTS, VALIDATION
from citypanel.exhibits.words import LANGUAGES
from citypanel.result import Record

CHECK = {"label": {"en": "Least squares", "zh": "最小二乘"}, "design": "main", "reason": None, "size_reason": None}
NUMBERS = {
    "truth": 0.04,
    "mean": 0.05,
    "bias": 0.01,
    "bias_se": 0.001,
    "sd": 0.02,
    "mean_se": 0.021,
    "draws": 500,
    "failed": 0,
}


def result(
    check: str, kind: str, name: str, rate: float | None, *, nominal: bool | None, **more: Any
) -> dict[str, Any]:
    row = {
        "check": check,
        "design": "main",
        "kind": kind,
        "result": name,
        "rate": rate,
        "rate_se": 0.01,
        "nominal": nominal,
    }
    return row | ({} if kind == "test" else NUMBERS) | {"draws": 500, "failed": 0} | more


ROWS = [
    result("plain", "effect", "x", 0.95, nominal=True),
    result("short", "effect", "x[0.1]", 0.80, nominal=False),
    result("short", "effect", "x[0.9]", 0.94, nominal=True),
    result("odd", "effect", "x[direct]", 0.88, nominal=False),
    result("odd", "effect", "L1.y", None, nominal=None),
    result("plain", "set", "anderson_rubin_ci", 0.96, nominal=True, bias=None, sd=None, mean_se=None),
    result("plain", "test", "hansen_p", 0.051, nominal=True),
    result("short", "test", "x", 0.12, nominal=False),
]
EXHIBIT: dict[str, Any] = {
    "study": "mine",
    "title": {"en": "Validation", "zh": "检验"},
    "designs": {"main": {"en": "Main design", "zh": "主设计"}, "none": {"en": "Empty", "zh": "空"}},
    "reasons": {"few": {"en": "Few years", "zh": "年数少"}, "size": {"en": "Few units", "zh": "个体少"}},
    "checks": {"plain": CHECK, "short": CHECK | {"reason": "few", "size_reason": "size"}, "odd": CHECK},
    "effects": {"headline": {"label": {"en": "Headline", "zh": "主效应"}}},
    "labels": {"x": {"en": "Regressor", "zh": "解释变量"}, "y": {"en": "Outcome", "zh": "结果"}},
}
RECORD = Record("validation", "", (), curves={"validation": ROWS}, sample={"rows": 500, "simulated": True})


def shown(kind: str, language: str, records: list[Record] | None = None) -> Table:
    return render_table(records or [RECORD], {**EXHIBIT, "kind": kind, "exhibit": kind}, language)


def cells(table: Table) -> dict[str, list[str]]:
    return {row.label: [cell.printed for cell in row.cells] for row in table.rows}


def test_the_table_of_estimates_has_every_number_in_its_column() -> None:
    table = shown("coverage", "en")
    assert [head.text for head in table.heads[0]] == [
        "True value", "Bias", "SD", "Mean SE", "Coverage (%)", "Panels", "Note",
    ]  # fmt: skip
    found = cells(table)
    assert next(iter(found)) == "Main design"
    assert found["Least squares"] == ["0.0400", "0.0100", "0.0200", "0.0210", "95.0", "500", ""]
    assert found["Least squares: Quantile 0.1"][-3:] == ["80.0", "500", "a"]
    assert found["Least squares: Quantile 0.9"][-1] == ""
    assert found["Least squares: Direct effect"][-1] == "!"
    assert found["Least squares: lag"][-3:] == ["", "500", ""]
    assert found["Least squares: AR set"][:5] == ["0.0400", "", "", "", "96.0"]


def test_notes_tell_the_reasons_used_the_simulation_error_and_what_is_unexplained() -> None:
    told = " ".join(shown("coverage", "en").notes)
    assert "a: Few years." in told
    assert "Few units" not in told
    # sqrt(0.95 x 0.05 / 500) is 0.97 points; two points are 2.05 of them, which 4% of nominal rates miss.
    assert "simulation error of 1.0 points" in told
    assert "nominal 4% lie there by chance" in told
    assert "All numbers come from simulated data" in told
    other = " ".join(shown("size", "en").notes)
    assert "a: Few units." in other
    assert "exclamation" not in other


def test_the_table_of_tests_has_sizes_and_their_errors() -> None:
    found = cells(shown("size", "zh"))
    assert found["最小二乘：Hansen 检验"] == ["5.1", "1.0", "500", ""]
    assert found["最小二乘：t 检验"] == ["12.0", "1.0", "500", "a"]
    assert "主设计" in found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["coverage", "size"])
def test_every_format_and_figure_is_made(kind: str, language: str, tmp_path: Path) -> None:
    table = shown(kind, language)
    write_table_files(table, {form: tmp_path / f"t.{form}" for form in ("tex", "csv", "docx", "xlsx", "html")})
    exhibit: Mapping[str, Any] = {**EXHIBIT, "kind": kind, "exhibit": kind}
    draw_figure([RECORD], exhibit, language, {form: tmp_path / f"f.{form}" for form in ("pdf", "csv", "tex")})
    rows = list(csv.DictReader(io.StringIO((tmp_path / "f.csv").read_text(encoding="utf-8-sig"))))
    assert len(rows) == (2 if kind == "size" else 6)
    assert all(row["data"] for row in rows)
    assert float(rows[-1]["rate"] or 0) == (0.12 if kind == "size" else 0.96)


def recovery() -> list[Record]:
    quality = [{"name": name, "n": 9, "correlation": 0.98, "slope": 1.01} for name in ("by_product", "sigma")]
    points = [
        {"name": name, "truth": float(at), "estimate": at + 0.1} for name in ("by_product", "sigma") for at in range(4)
    ]
    cities = [{"name": "y", "n": 8, "correlation": 1.0, "slope": 1.0, "largest_deviation": 0.0}]
    effects = [{"name": "headline", "n": 90, "truth": 0.04, "estimate": 0.05, "se": 0.02, "distance": 0.5}]
    simulated = {"rows": 9, "simulated": True}
    return [
        Record("recovery", "", (), curves={"quality": quality, "points": points}, sample=simulated),
        Record("recovery", "", (), curves={"effects": effects, "cities": cities}, sample=simulated),
    ]


def test_what_comes_back_is_shown_in_three_blocks() -> None:
    found = cells(shown("recovery", "en", recovery()))
    assert found["Quality by product, with the instrument"] == ["9", "0.980", "1.010", "", "", "", ""]
    assert found["Outcome"][:3] == ["8", "1.000", "1.000"]
    assert found["Headline"] == ["90", "", "", "0.0400", "0.0500", "0.0200", "0.50"]
    alone = cells(shown("recovery", "zh", recovery()[1:]))
    assert "主效应" in alone
    assert "贸易流质量与替代弹性" not in alone


@pytest.mark.parametrize("language", LANGUAGES)
def test_flows_and_elasticities_are_drawn_against_the_truth(language: str, tmp_path: Path) -> None:
    exhibit = {**EXHIBIT, "kind": "recovery", "exhibit": "recovery"}
    draw_figure(recovery(), exhibit, language, {form: tmp_path / f"f.{form}" for form in ("png", "csv")})
    assert len((tmp_path / "f.csv").read_text(encoding="utf-8").splitlines()) == 9


def test_every_word_has_both_languages_and_the_same_places() -> None:
    for english, chinese in (*VALIDATION.values(), *TESTS.values()):
        places = [{piece.split("}")[0] for piece in text.split("{")[1:]} for text in (english, chinese)]
        assert english
        assert chinese
        assert places[0] == places[1]
