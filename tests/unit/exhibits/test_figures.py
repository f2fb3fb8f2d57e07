"""Every kind of figure: what is plotted, what is said, what is refused, equal bytes."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from citypanel.canonical import Origin, write_frame
from citypanel.density import kernel_density
from citypanel.errors import CitypanelError, DeclarationError
from citypanel.exhibits.figures import canvas, draw_figure
from citypanel.exhibits.figures.common import p_text, spread
from citypanel.registers import FOLDER
from citypanel.result import ColumnResult, Record, TermResult

needs_chinese = pytest.mark.skipif(canvas.chinese_font() is None, reason="no Noto Sans CJK or Source Han Sans here")
CITIES = {310000: ("Shanghai", "上海"), 320100: ("Nanjing", "南京"), 330100: ("Hangzhou", "杭州")}
BASE: dict[str, Any] = {
    "study": "s",
    "exhibit": "figure3",
    "title": {"en": "A figure", "zh": "一图"},
    "labels": {"quality": {"en": "Quality", "zh": "质量"}, "inno": {"en": "Cooperation", "zh": "合作"}},
    "years": [2011, 2012],
}
Case = tuple[list[Record], dict[str, Any]]


def described() -> Record:
    rows = [
        {"variable": name, "group": year, "n": 3, "mean": mean + year, "sd": 0.1, "p25": mean, "p75": mean + 1.0}
        for year in (2012, 2011)
        for name, mean in (("quality", 12.0), ("inno", 4.0))
    ]
    density = [
        {"variable": "quality", "group": year, "x": x, "density": x * (2 - x)}
        for year in (2011, 2012)
        for x in (0.0, 1.0, 2.0)
    ]
    return Record("describe", "", (), curves={"describe": rows, "density": density}, sample={"simulated": True})


def moran() -> Record:
    quadrants = ("high-high", "low-low", "high-low")
    scatter = [
        {"period": year, "unit": str(code), "value": v, "lag": 0.5 * v, "quadrant": q}
        for year in ("2011", "2012")
        for code, v, q in zip(CITIES, (1.0, -1.5, 0.5), quadrants, strict=True)
    ]
    local = [
        {**row, "p": 0.2 if row["period"] == "2012" else 0.01, "p_adjusted": 0.04 if row["unit"] == "310000" else 0.3}
        for row in scatter
    ]
    curves = {
        "moran": [{"period": year, "I": 0.5, "p": 0.0004} for year in ("2011", "2012")],
        "moran_scatter": scatter,
        "local_moran": local,
    }
    return Record("moran", "quality", (ColumnResult("2011", "quality", 3),), curves=curves, sample={"simulated": True})


def placebo() -> Record:
    draws = [{"draw": k, "estimate": 0.01 * (k - 10), "p": abs(k - 10) / 10} for k in range(1, 21)]
    column = ColumnResult("1", "quality", 30, terms=(TermResult("did", 0.25, p=0.01),), stats={"p_two_sided": 0.0476})
    return Record("placebo", "", (column,), curves={"draws": draws}, sample={"simulated": True})


def quantile() -> Record:
    columns = tuple(
        ColumnResult(
            f"{tau}",
            "quality",
            30,
            vcov={"type": "iid", "df": 20},
            terms=(TermResult("inno", tau, 0.1, 1.0, 0.1, tau - 0.2, tau + 0.2),),
            stats={"quantile": tau},
        )
        for tau in (0.25, 0.5, 0.75)
    )
    return Record("quantile", "", columns, sample={"simulated": True})


def linear() -> Record:
    terms = (TermResult("inno", 0.03, 0.01, 3.0, 0.01, 0.01, 0.05),)
    columns = tuple(ColumnResult(str(n), "quality", 30, vcov={"type": "iid", "df": 20}, terms=terms) for n in (1, 2))
    return Record("linear", "", columns, sample={"simulated": True}, analysis="a")


def matched() -> Record:
    rows = [{"variable": "inno", "sample": s, "bias": b} for s, b in (("before", 22.5), ("after", -1.0))]
    return Record("psm_did", "", (), curves={"balance": rows}, sample={"simulated": True})


def decomposed() -> Record:
    rows = [
        {"type": "Treated vs Untreated", "cohort": 2012, "control": 0, "estimate": 0.2, "weight": 0.75},
        {"type": "Earlier vs Later Treated", "cohort": 2011, "control": 2012, "estimate": -0.4, "weight": 0.25},
    ]
    column = ColumnResult("1", "quality", 30, terms=(TermResult("att", 0.05),))
    return Record("did", "", (column,), curves={"bacon": rows}, sample={"simulated": True})


def bounded() -> Record:
    kinds = ("relative", "smoothness")
    rows = [
        {"column": str(n), "restriction": kind, "m": 0.5 * k, "ci_low": 0.02 - 0.01 * k, "ci_high": 0.06 + 0.01 * k}
        for n, kind in enumerate(kinds, start=1)
        for k in range(4)
    ]
    columns = tuple(
        ColumnResult(
            str(n), "quality", 30, stats={"sensitivity": kind, "breakdown_m": m, "sensitivity_target": "first"}
        )
        for n, kind, m in ((1, "relative", 0.99), (2, "smoothness", None))
    )
    return Record("event_study", "", columns, curves={"sensitivity": rows}, sample={"simulated": True})


CASES: dict[str, Callable[[], Case]] = {
    "series": lambda: ([described()], {"quartiles": True}),
    "moran_scatter": lambda: ([moran()], {}),
    "local_moran": lambda: ([moran()], {}),
    "weights_heatmap": lambda: ([], {}),
    "network": lambda: ([], {}),
    "placebo": lambda: ([placebo()], {}),
    "coefficients": lambda: ([quantile()], {"terms": ["inno"]}),
    "kernel_density": lambda: ([described()], {}),
    "balance_plot": lambda: ([matched()], {}),
    "bacon": lambda: ([decomposed()], {}),
    "sensitivity": lambda: ([bounded()], {}),
}


@pytest.fixture(autouse=True)
def _coarse_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "DOTS_PER_INCH", 50)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, list[Path]]:
    folder = tmp_path / "inputs"
    folder.mkdir()
    header = ",".join(map(str, CITIES))
    (folder / "distance.csv").write_text(f"{header}\n0,2,1\n2,0,2\n1,2,0\n", encoding="utf-8")
    codes = list(CITIES)
    pairs = pd.DataFrame(
        {
            "adcode_i": [codes[0], codes[0], codes[1], codes[0], 110000],
            "adcode_j": [codes[1], codes[2], codes[2], codes[0], codes[2]],
            "year": [2011, 2012, 2012, 2012, 2012],
            "full": [40, 100, 7, 999, 999],
        }
    )
    write_frame(pairs, folder / "pairs.parquet", origin=Origin(simulated=True))
    write_frame(pd.DataFrame({"city": codes}), folder / "panel.parquet", origin=Origin(simulated=True))
    return {
        "weights": [folder / "distance.csv"],
        "pairs": [folder / "pairs.parquet"],
        "panel": [folder / "panel.parquet"],
        "cities": [FOLDER / "cities.csv"],
    }


def plotted(case: Case, kind: str, files: dict[str, list[Path]], tmp_path: Path, **more: Any) -> list[dict[str, str]]:
    exhibit = {**BASE, "kind": kind, **case[1], **more}
    draw_figure(case[0], exhibit, "en", {"csv": tmp_path / "f.csv"}, files)
    return list(csv.DictReader(io.StringIO((tmp_path / "f.csv").read_text(encoding="utf-8-sig"))))


@needs_chinese
@pytest.mark.parametrize("kind", CASES)
def test_every_kind_is_drawn_in_both_languages_and_says_that_data_are_simulated(
    kind: str, files: dict[str, list[Path]], tmp_path: Path
) -> None:
    records, more = CASES[kind]()
    for language, mark in (("en", "simulated data"), ("zh", "模拟数据")):
        paths = {form: tmp_path / f"f_{language}.{form}" for form in ("pdf", "png", "csv", "tex")}
        draw_figure(records, {**BASE, "kind": kind, **more}, language, paths, files)
        assert paths["pdf"].read_bytes().startswith(b"%PDF")
        assert mark in paths["csv"].read_text(encoding="utf-8")
        assert paths["tex"].read_text(encoding="utf-8").count(mark) >= 2  # in the caption and in the note
        first = paths["png"].read_bytes()
        draw_figure(records, {**BASE, "kind": kind, **more}, language, {"png": paths["png"]}, files)
        assert paths["png"].read_bytes() == first


@pytest.mark.parametrize("kind", CASES)
def test_every_kind_shades_in_greys_only(kind: str, files: dict[str, list[Path]], tmp_path: Path) -> None:
    from PIL import Image

    records, more = CASES[kind]()
    draw_figure(records, {**BASE, "kind": kind, **more}, "en", {"png": tmp_path / "f.png"}, files)
    red, green, blue = np.moveaxis(np.asarray(Image.open(tmp_path / "f.png").convert("RGB")).astype(int), 2, 0)
    assert max(np.abs(red - green).max(), np.abs(green - blue).max()) <= 2  # antialiasing rounds each colour


def test_series_are_drawn_in_the_order_of_the_years(files: dict[str, list[Path]], tmp_path: Path) -> None:
    rows = plotted(CASES["series"](), "series", files, tmp_path, keep=["inno"])
    assert [(row["variable"], row["group"], row["mean"]) for row in rows] == [
        ("inno", "2011", "2015.0"),
        ("inno", "2012", "2016.0"),
    ]


def test_a_described_column_per_year_is_a_series_too(files: dict[str, list[Path]], tmp_path: Path) -> None:
    columns = tuple(ColumnResult(str(n), "", 3, where=f"year == {2010 + n}") for n in (1, 2))
    rows = [{"column": str(n), "variable": "quality", "n": 3, "mean": float(n)} for n in (1, 2)]
    record = Record("describe", "quality", columns, curves={"describe": rows})
    found = plotted(([record], {}), "series", files, tmp_path)
    assert [(row["group"], row["mean"]) for row in found] == [("2011", "1.0"), ("2012", "2.0")]


def test_pairs_of_other_cities_and_within_a_city_are_no_links(files: dict[str, list[Path]], tmp_path: Path) -> None:
    rows = plotted(CASES["network"](), "network", files, tmp_path)
    assert [(row["year"], row["city_i"], row["city_j"], row["joint"]) for row in rows] == [
        ("2011", "310000", "320100", "40"),
        ("2012", "310000", "330100", "100"),
        ("2012", "320100", "330100", "7"),
    ]


def test_weights_are_shown_as_shares_of_their_row(files: dict[str, list[Path]], tmp_path: Path) -> None:
    rows = plotted(CASES["weights_heatmap"](), "weights_heatmap", files, tmp_path)
    shares = [float(row["share"]) for row in rows]
    assert shares == pytest.approx([0, 2 / 3, 1 / 3, 0.5, 0, 0.5, 1 / 3, 2 / 3, 0])


def test_local_clusters_are_those_that_are_significant(files: dict[str, list[Path]], tmp_path: Path) -> None:
    rows = plotted(CASES["local_moran"](), "local_moran", files, tmp_path)
    assert [row["shown"] for row in rows] == ["high-high", "low-low", "high-low", "none", "none", "none"]
    adjusted = plotted(CASES["local_moran"](), "local_moran", files, tmp_path, adjusted=True)
    assert [row["shown"] for row in adjusted] == ["high-high", "none", "none"] * 2


def test_the_placebo_note_gives_the_exact_p(files: dict[str, list[Path]], tmp_path: Path) -> None:
    draw_figure([placebo()], {**BASE, "kind": "placebo"}, "en", {"tex": tmp_path / "f.tex"}, files)
    text = (tmp_path / "f.tex").read_text(encoding="utf-8")
    assert "20 estimates under reassigned treatment" in text
    assert "exact two-sided p = 0.048" in text
    rows = plotted(([placebo()], {}), "placebo", files, tmp_path)
    assert (rows[0]["kind"], rows[0]["estimate"], len(rows)) == ("estimate", "0.25", 21)


def test_the_sensitivity_note_says_how_far_the_effect_holds(files: dict[str, list[Path]], tmp_path: Path) -> None:
    draw_figure([bounded()], {**BASE, "kind": "sensitivity"}, "en", {"tex": tmp_path / "f.tex"}, files)
    text = (tmp_path / "f.tex").read_text(encoding="utf-8")
    assert "Relative magnitudes: zero is left out up to M = 0.99" in text
    assert "Smoothness: zero is in the interval at M = 0" in text
    rows = plotted(CASES["sensitivity"](), "sensitivity", files, tmp_path)
    assert [(row["restriction"], row["m"], row["ci_low"]) for row in rows][:2] == [
        ("relative", "0.0", "0.02"),
        ("relative", "0.5", "0.01"),
    ]


def test_placebo_columns_are_drawn_apart(files: dict[str, list[Path]], tmp_path: Path) -> None:
    one = placebo()
    second = replace(one.columns[0], column="2", terms=(TermResult("did", -0.5, p=0.01),))
    draws = [{"column": str(c), **row} for c in (1, 2) for row in one.curves["draws"]]
    both = replace(one, columns=(*one.columns, second), curves={"draws": draws}, analysis="a")
    labels = {"a": [{"en": "All", "zh": "全部"}, None]}
    rows = plotted(([both], {}), "placebo", files, tmp_path, columns=labels)
    assert [(row["column"], row["estimate"]) for row in rows if row["kind"] == "estimate"] == [
        ("1", "0.25"),
        ("2", "-0.5"),
    ]
    draw_figure([both], {**BASE, "kind": "placebo", "columns": labels}, "en", {"tex": tmp_path / "f.tex"}, files)
    text = (tmp_path / "f.tex").read_text(encoding="utf-8")
    assert "All: 20 estimates under reassigned treatment" in text
    assert "(2): 20 estimates under reassigned treatment" in text


def test_coefficients_across_columns_carry_the_declared_labels(files: dict[str, list[Path]], tmp_path: Path) -> None:
    labels = {"a": [{"en": "East", "zh": "东部"}, None]}
    rows = plotted(([linear()], {"terms": ["inno"]}), "coefficients", files, tmp_path, columns=labels)
    assert [(row["label"], row["estimate"], row["ci_high"]) for row in rows] == [
        ("East", "0.03", "0.05"),
        ("(2)", "0.03", "0.05"),
    ]


def test_a_kernel_density_is_that_of_scipy_with_silvermans_width() -> None:
    values = np.array([0.1, 0.4, 0.45, 0.9, 1.7, 2.2])
    grid, density = kernel_density(values)
    low, high = np.quantile(values, [0.25, 0.75])
    width = 0.9 * min(values.std(ddof=1), (high - low) / 1.34) * 6**-0.2
    expected = stats.gaussian_kde(values, bw_method=width / values.std(ddof=1))(grid)
    assert density == pytest.approx(expected, rel=1e-10)


def test_few_periods_are_spread_over_many() -> None:
    assert spread([str(year) for year in range(2011, 2021)]) == ["2011", "2014", "2017", "2020"]
    assert spread(["2011", "2012"]) == ["2011", "2012"]
    assert (p_text(0.0004), p_text(0.0456)) == ("p < 0.001", "p = 0.046")


def test_cities_that_share_a_name_are_told_apart(files: dict[str, list[Path]]) -> None:
    from citypanel.exhibits.figures.cities import city_names

    names = city_names({**BASE, "files": files}, "en")
    assert (names["320500"], names["341300"], names["310000"]) == ("Suzhou (Jiangsu)", "Suzhou (Anhui)", "Shanghai")


@pytest.mark.parametrize(
    "refused",
    [
        ("series", [linear()], {}, "figure3.*it needs an analysis of method 'describe' by group"),
        ("series", [described()], {"keep": ["gdp"]}, "key 'keep': 'gdp' is not in the record; it has quality, inno"),
        ("moran_scatter", [moran()], {"periods": ["1999"]}, "key 'periods': '1999' is not in the record; it has 2011"),
        ("sensitivity", [linear()], {}, "it needs an analysis of method 'event_study' with option sensitivity"),
        ("placebo", [linear()], {}, "it needs an analysis of method 'placebo'"),
        ("coefficients", [linear()], {"terms": ["gdp"]}, "key 'terms': 'gdp' is in no column; they have inno"),
        ("network", [], {"shown_years": [1999]}, "no pair in 1999; there are pairs from 2011 to 2012"),
        ("placebo", [], {}, "no result record was given"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(
    refused: tuple[str, list[Record], dict[str, Any], str], files: dict[str, list[Path]], tmp_path: Path
) -> None:
    kind, records, more, message = refused
    with pytest.raises(CitypanelError, match=message):
        draw_figure(records, {**BASE, "kind": kind, **more}, "en", {"png": tmp_path / "f.png"}, files)
    assert not (tmp_path / "f.png").exists()


def test_a_figure_of_files_without_its_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CitypanelError, match="exhibit 'figure3': no file of weights was given"):
        draw_figure([], {**BASE, "kind": "weights_heatmap"}, "en", {"png": tmp_path / "f.png"})


def test_real_data_carry_no_mark(files: dict[str, list[Path]], tmp_path: Path) -> None:
    real = replace(placebo(), sample={"simulated": False})
    rows = plotted(([real], {}), "placebo", {"cities": files["cities"]}, tmp_path)
    assert {row["data"] for row in rows} == {""}


def test_too_few_distinct_draws_are_refused(tmp_path: Path) -> None:
    same = replace(placebo(), curves={"draws": [{"draw": 1, "estimate": 0.1, "p": 0.5}]})
    with pytest.raises(CitypanelError, match="1 placebo draws with an estimate are too few"):
        draw_figure([same], {**BASE, "kind": "placebo"}, "en", {"png": tmp_path / "f.png"})
    assert issubclass(DeclarationError, CitypanelError)
