"""The LaTeX of both languages compiles, fits its page, and every glyph is there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citypanel.exhibits.figures import draw_figure
from citypanel.exhibits.latex import latex_document
from citypanel.exhibits.render import render_table, write_table_files
from citypanel.result import ColumnResult, Record, TermResult

needs_xelatex = pytest.mark.skipif(
    shutil.which("xelatex") is None, reason="xelatex is not installed (Debian: texlive-xetex texlive-lang-chinese)"
)
MARGIN = 2.0  # points by which a line may stick out

LABELS = {
    "quality": {"en": "Export product quality", "zh": "出口产品质量"},
    "inno": {"en": r"R&D, 100% {new} \textbf{x} a_b #1 $ ~ ^ [y] *", "zh": r"创新合作 100% & a_b #1 \x {y} $ ~ ^"},
    "gdp": {"en": "Economic development", "zh": "经济发展水平"},
}
CLUSTERED = {"type": "cluster", "by": ["city"], "ssc": "reghdfe", "df": 40}


def regression(columns: int) -> Record:
    terms = (
        TermResult("inno", 0.03, 0.009, 3.3, 0.002),
        TermResult("gdp", -1.762, 0.8, -2.19, 0.034),
        TermResult("Intercept", 1234.5, 7.0, 185.45, 0.0),
    )
    made = [
        ColumnResult(
            str(number),
            "quality",
            123456,
            41,
            10,
            41,
            ("city", "year")[: number % 3],
            CLUSTERED,
            terms[: 1 + number % 3],
            {"r2": 0.969, "f": 278.4},
        )
        for number in range(columns)
    ]
    return Record("linear", "", tuple(made), sample={"simulated": True}, analysis="a")


def exhibits() -> Iterator[tuple[str, list[Record], dict[str, Any]]]:
    base = {"labels": LABELS, "title": {"en": "A 100% _title_", "zh": "标题 100% _x_"}, "years": [2011, 2020]}
    yield "five", [regression(5)], {**base, "kind": "regression", "statistics": ["n", "r2", "f"]}
    yield "one", [regression(1)], {**base, "kind": "regression", "statistics": ["n", "r2"], "parentheses": "t"}
    group = {"a": [{"en": "Coastal provinces of the east", "zh": "东部沿海各省份"}] * 2 + [None] * 10}
    yield "twelve", [regression(12)], {**base, "kind": "regression", "statistics": ["n", "f"], "columns": group}
    names = list(LABELS)
    moments = [{"variable": name, "n": 12410, "mean": -12.5, "max": 14049.049} for name in names]
    described = Record("describe", "", (), curves={"describe": moments})
    yield "moments", [described], {**base, "kind": "descriptives", "statistics": ["n", "mean", "max"]}
    variables = [f"x{number}" for number in range(11)]
    pairs = [
        {"row": a, "column": b, "r": -0.7117, "p": 0.01, "n": 410}
        for i, a in enumerate(variables)
        for b in variables[:i]
    ]
    yield "pairs", [Record("correlate", "", (), curves={"correlation": pairs})], {**base, "kind": "correlations"}
    yield from spatial_exhibits(base)
    long = {
        "en": "Log of the technological complexity of exports, weighted by shares & more" * 2,
        "zh": "按份额加权" * 20,
    }
    yield "variables", [], {**base, "kind": "variables", "definitions": dict.fromkeys(LABELS, long)}
    rows = [
        {"variable": name, "sample": s, "mean_treated": 17.0, "mean_control": -17.1, "bias": 12.3, "t": 1.0, "p": 0.3}
        for name in LABELS
        for s in ("before", "after")
    ]
    yield "balance", [Record("psm_did", "", (), curves={"balance": rows})], {**base, "kind": "balance"}
    yield "instruments", [instrumented()], {**base, "kind": "regression", "first_stage": True, "diagnostics": ["iv"]}


def instrumented() -> Record:
    [column] = regression(1).columns
    stats = {
        "r2": 0.9,
        "r2_adj": 0.8,
        "kp_rk_f": 14.6,
        "anderson_rubin_ci": [[None, -1.0], [2.0, None]],
        "hansen_p": 0.2,
    }
    curve = [{"endogenous": "inno", "term": "gdp", "estimate": 0.1, "se": 0.1, "statistic": 1.0, "p": 0.3}]
    made = replace(column, stats={**stats, "stock_yogo_10": 16.38})
    return Record("linear", "", (made,), curves={"first_stage": curve}, warnings=("a 100% new_warning {x} \\y",))


def spatial_exhibits(base: dict[str, Any]) -> Iterator[tuple[str, list[Record], dict[str, Any]]]:
    rows = [{"period": str(year), "I": 0.1081, "z": 3.5, "p": 0.01} for year in range(2011, 2021)]
    vcov = {"type": "permutation", "permutations": 999, "side": "two", "weights": "row-standardised"}
    column = ColumnResult("2011", "quality", 41, vcov=vcov)
    moran = [Record("moran", "", (column,), curves={"moran": rows}, analysis=name) for name in ("inno", "gdp")]
    yield "moran", moran, {**base, "kind": "moran", "statistics": ["I", "z", "p"]}
    tests = dict.fromkeys(("lm_lag", "lm_error", "rlm_lag", "rlm_error"), 144.004)
    record = Record("spatial_lm", "", (ColumnResult("1", "quality", 410, stats=tests),), analysis="inno")
    yield "dependence", [record, record], {**base, "kind": "spatial_lm", "p": True}
    [plain] = regression(1).columns
    terms = (*plain.terms, TermResult("rho", 0.593, 0.1, 4.81, 0.0))
    effects = [
        {"term": "inno", "effect": effect, "estimate": -0.018, "se": 0.9, "statistic": -0.02, "p": 0.9}
        for effect in ("direct", "indirect", "total")
    ]
    fitted = replace(plain, terms=terms, vcov={"type": "iid", "df": None, "model": "sar"}, stats={"sigma2": 0.003})
    model = Record("spatial", "", (fitted,), curves={"impacts": effects})
    yield "models", [model] * 6, {**base, "kind": "spatial", "statistics": ["n"]}


def event_study() -> Record:
    rows = [{"time": t, "estimate": 0.1 * t, "se": 0.1, "ci_low": t - 1.0, "ci_high": t + 1.0} for t in (-2, 0, 1)]
    return Record("event_study", "", (), curves={"event_study": rows})


def compile_document(folder: Path, name: str) -> None:
    options = ["-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    latexmk = shutil.which("latexmk")
    command = ["latexmk", "-xelatex", *options] if latexmk else ["xelatex", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.tex
@needs_xelatex
@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_kinds_of_exhibits_compile_fit_the_page_and_show_every_glyph(language: str, tmp_path: Path) -> None:
    names = []
    for name, records, exhibit in exhibits():
        write_table_files(render_table(records, exhibit, language), {"tex": tmp_path / f"{name}.tex"}, label=name)
        names.append(f"{name}.tex")
    figure = {"kind": "event_study", "title": {"en": "Event_study", "zh": "事件研究"}, "labels": LABELS}
    draw_figure([event_study()], figure, language, {form: tmp_path / f"figure.{form}" for form in ("pdf", "tex")})
    document = latex_document("All & exhibits", [*names, "figure.tex"], language, simulated=True)
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    compile_document(tmp_path, "paper")
    log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    wide = [float(width) for width in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", log)]
    assert [width for width in wide if width > MARGIN] == []
    assert "Missing character" not in log
