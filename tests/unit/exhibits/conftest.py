"""Hand-made records: Table 4 of the cooperation paper as printed, and small tables around it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from citypanel.result import ColumnResult, Record, TermResult

CLUSTERED = {"type": "cluster", "by": ["city"], "ssc": "reghdfe", "df": 40}
LABELS = {
    "quality": {"en": "Export product quality", "zh": "出口产品质量"},
    "inno": {"en": "Innovation cooperation", "zh": "创新合作"},
    "gdp": {"en": "Economic development", "zh": "经济发展水平"},
}


def term(name: str, estimate: float | None, statistic: float | None, p: float | None) -> TermResult:
    se = abs(estimate / statistic) if estimate is not None and statistic else None
    return TermResult(name, estimate, se, statistic, p)


def printed_columns() -> tuple[ColumnResult, ...]:
    """Return columns (1), (3) and (4) of the paper's Table 4, three terms of each."""
    first = (term("inno", 0.030, 3.30, 0.002), term("Intercept", 13.062, 185.45, 0.0))
    second = (
        term("inno", 0.032, 3.97, 0.0003),
        term("gdp", 0.593, 9.07, 0.0),
        term("Intercept", -1.762, -2.19, 0.034),
    )
    third = (
        term("inno", 0.018, 2.33, 0.025),
        term("gdp", -0.005, -0.36, 0.72),
        term("Intercept", 4.784, 10.48, 0.0),
    )
    rest = {"units": 41, "periods": 10, "clusters": 41, "vcov": CLUSTERED}
    return (
        ColumnResult(
            "1",
            "quality",
            410,
            fixed_effects=("city", "year"),
            terms=first,
            stats={"r2": 0.969, "r2_within": 0.1, "f": 278.4},
            **rest,
        ),
        ColumnResult(
            "2", "quality", 410, fixed_effects=("city",), terms=second, stats={"r2": 0.963, "f": 274.5}, **rest
        ),
        ColumnResult("3", "quality", 410, terms=third, stats={"r2": 0.909, "f": 371.9}, **rest),
    )


@pytest.fixture
def record() -> Record:
    return Record(
        "linear",
        "quality ~ inno",
        printed_columns(),
        sample={"rows": 410, "simulated": False},
        study="yrd_cooperation",
        analysis="baseline",
    )


@pytest.fixture
def simulated(record: Record) -> Record:
    return Record(record.method, record.formula, record.columns, sample={"simulated": True}, analysis="baseline")


@pytest.fixture
def exhibit() -> dict[str, Any]:
    return {
        "study": "yrd_cooperation",
        "exhibit": "table4",
        "kind": "regression",
        "title": {"en": "Baseline regression", "zh": "多元回归分析表"},
        "statistics": ["n", "r2", "r2_within", "f"],
        "labels": LABELS,
        "years": [2011, 2020],
    }


@pytest.fixture
def described() -> tuple[Record, dict[str, Any]]:
    rows = [
        {"variable": "quality", "n": 410, "mean": 12.876, "sd": 0.387, "min": 11.883, "median": 12.888, "max": 14.049},
        {"variable": "inno", "n": 12410, "mean": 4.271, "sd": 1.66, "min": 0.0, "median": None, "max": 8.064},
    ]
    record = Record("describe", "quality + inno", (), curves={"describe": rows}, sample={"simulated": False})
    return record, {
        "kind": "descriptives",
        "title": {"en": "Descriptive statistics", "zh": "描述性统计"},
        "statistics": ["n", "mean", "sd", "min", "median", "max"],
        "labels": LABELS,
    }


@pytest.fixture
def correlated() -> tuple[list[Record], dict[str, Any]]:
    """Return the first three variables of the paper's Table 3, both triangles given, and variance inflation."""
    r = {("inno", "quality"): 0.6092, ("gdp", "quality"): 0.5531, ("gdp", "inno"): 0.8884}
    names = ("quality", "inno", "gdp")

    def row(a: str, b: str) -> Mapping[str, Any]:
        value = 1.0 if a == b else r.get((a, b), r.get((b, a)))
        return {"row": a, "column": b, "r": value, "p": 0.2 if {a, b} == {"gdp", "quality"} else 0.0, "n": 410}

    pairs = Record("correlate", "", (), curves={"correlation": [dict(row(a, b)) for a in names for b in names]})
    factors = ColumnResult(
        "1", "", 410, terms=(TermResult("inno", 1.5), TermResult("gdp", 2.5)), stats={"mean_vif": 2.0}
    )
    return [pairs, Record("vif", "", (factors,))], {
        "kind": "correlations",
        "title": {"en": "Correlations", "zh": "相关性分析"},
        "labels": LABELS,
    }


@pytest.fixture
def hostile() -> Callable[[dict[str, Any]], dict[str, Any]]:
    r"""Return an exhibit whose texts hold what LaTeX, HTML, XML and spreadsheets react to."""

    def spoil(exhibit: dict[str, Any]) -> dict[str, Any]:
        text = r"=cmd|' /C calc'!A0 \input{/etc/passwd} 100% & a_b #1 $x$ ~ ^ <script>alert(1)</script> [x] *"
        both = {"en": text, "zh": text + "中文\n第二行\x07"}
        return {**exhibit, "title": both, "note": both, "labels": {**LABELS, "inno": both, "quality": both}}

    return spoil


@pytest.fixture
def event_record() -> Record:
    rows = [
        {"time": t, "estimate": 0.1 * t, "se": 0.02, "ci_low": 0.1 * t - 0.04, "ci_high": 0.1 * t + 0.04}
        for t in (-3, -2, 0, 1, 2)
    ]
    column = ColumnResult(
        "1",
        "quality",
        410,
        clusters=41,
        vcov=CLUSTERED,
        terms=(TermResult("t+0", 0.0, 0.02, 0.0, 1.0),),
        stats={"pretrend_f": 1.234, "pretrend_p": 0.3456},
    )
    return Record("event_study", "", (column,), curves={"event_study": rows}, sample={"simulated": True}, analysis="es")


@pytest.fixture
def event_exhibit() -> dict[str, Any]:
    return {
        "study": "smart_city",
        "exhibit": "figure1",
        "kind": "event_study",
        "title": {"en": "Event study", "zh": "平行趋势检验"},
        "labels": LABELS,
    }
