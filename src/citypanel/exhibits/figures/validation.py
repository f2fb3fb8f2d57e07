"""Two figures of a study's validation: bias, coverage and size of estimators; estimates against what is true."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.common import BAND, RULE, by_group, marked, numbers, panels, value_of
from citypanel.exhibits.labels import text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.validation_rows import Block, Shown, blocks_of
from citypanel.exhibits.words import say
from citypanel.result import Record

_WIDEST_BIAS, _LEAST_COVERAGE, _LARGEST_SIZE = 3.0, 70.0, 30.0  # ends of the axes; what lies beyond is a triangle
_WIDTH, _LINE = 7.6, 0.17  # inches of the figure and of a row
Place = tuple[int, Shown | None, str]


def coverage(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw bias and coverage of every effect."""
    places = _places(blocks_of(records, exhibit, language))
    figure = Figure(figsize=(_WIDTH, len(places) * _LINE + 0.8))
    grid = figure.add_gridspec(1, 2)
    bias, rates = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    _bias(bias, places, language)
    _rates(rates, places, (93.0, 97.0), (_LEAST_COVERAGE, 100.0), say("validation coverage", language))
    rates.set_yticklabels([])
    return _drawing([bias, rates], places, records, exhibit, language)


def size(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the size of every test."""
    places = _places(blocks_of(records, exhibit, language))
    figure = Figure(figsize=(_WIDTH, len(places) * _LINE + 0.8))
    axes = figure.add_subplot()
    _rates(axes, places, (3.0, 7.0), (0.0, _LARGEST_SIZE), say("validation size", language))
    _names(axes, places)
    return _drawing([axes], places, records, exhibit, language)


def _drawing(
    axes: Sequence[Axes],
    places: Sequence[Place],
    records: Sequence[Record],
    exhibit: Mapping[str, Any],
    language: str,
) -> Drawing:
    marked(axes, language, simulated=True)
    told = notes([say(f"{exhibit['kind']} figure note", language)], records, exhibit, language)
    rows = [_plotted(item) for _, item, _ in places if item is not None]
    figure = cast("Figure", axes[0].get_figure())
    return Drawing(figure, rows, told, text_of(exhibit["title"], language))


def _places(blocks: Sequence[Block]) -> list[Place]:
    """Return a line for each design and one for each of its results, from above."""
    lines = [line for block in blocks for line in ((None, block.title), *((item, item.label) for item in block.rows))]
    return [(at, item, label) for at, (item, label) in enumerate(lines)]


def _names(axes: Axes, places: Sequence[Place]) -> None:
    axes.yaxis.set_major_locator(FixedLocator([at for at, _, _ in places]))
    axes.set_yticklabels([label for _, _, label in places], fontsize=7)
    for text, (_, item, _) in zip(axes.get_yticklabels(), places, strict=True):
        text.set_fontweight("bold" if item is None else "normal")
    axes.set_ylim(len(places) - 0.4, -0.6)


def _bias(axes: Axes, places: Sequence[Place], language: str) -> None:
    _names(axes, places)
    axes.axvline(0, color=RULE, linewidth=0.8)
    for at, item, _ in places:
        if item is None:
            continue
        bias, error, sd = (value_of(item.row, name) for name in ("bias", "bias_se", "sd"))
        if bias is not None and error is not None and sd:
            _point(axes, at, bias / sd, 2 * error / sd, (-_WIDEST_BIAS, _WIDEST_BIAS))
    axes.set_xlim(-_WIDEST_BIAS * 1.05, _WIDEST_BIAS * 1.05)
    axes.set_xlabel(say("validation bias axis", language), fontsize=9)


def _rates(
    axes: Axes, places: Sequence[Place], good: tuple[float, float], ends: tuple[float, float], name: str
) -> None:
    axes.axvspan(*good, color=BAND, linewidth=0)
    for at, item, _ in places:
        if item is None:
            continue
        rate, error = value_of(item.row, "rate"), value_of(item.row, "rate_se")
        if rate is not None:
            _point(axes, at, 100 * rate, 200 * (error or 0.0), ends)
    axes.yaxis.set_major_locator(FixedLocator([at for at, _, _ in places]))
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.set_xlim(ends[0] - 0.03 * (ends[1] - ends[0]), ends[1] + 0.03 * (ends[1] - ends[0]))
    axes.set_xlabel(name, fontsize=9)


def _point(axes: Axes, at: int, value: float, half: float, ends: tuple[float, float]) -> None:
    """Draw a point with its bar, or a triangle at the end of the axis that the value lies beyond."""
    low, high = ends
    if value < low or value > high:
        axes.plot(
            [min(max(value, low), high)], [at], marker="<" if value < low else ">", color="#000000", markersize=4.5
        )
        return
    axes.plot([max(value - half, low), min(value + half, high)], [at, at], color="#000000", linewidth=0.9)
    axes.plot([value], [at], marker="o", color="#000000", markersize=3.5)


def _plotted(item: Shown) -> PlottedRow:
    keys = ("check", "design", "kind", "result", "truth", "mean", "bias", "bias_se", "sd", "mean_se", "rate", "rate_se")
    return {"label": item.label, **{key: item.row.get(key) for key in (*keys, "draws", "failed")}}


def recovery(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw estimated against true quality of flows for each way to estimate it, and elasticities."""
    curve = curve_of(records, "recovery", "points", exhibit)
    groups = by_group(curve, "name")
    figure, axes = panels(len(groups))
    for target, (name, rows) in zip(axes, groups.items(), strict=True):
        _scatter(target, rows)
        target.set_title(say(f"quality {name}", language), loc="left", fontsize=8)
        target.set_xlabel(say("true value axis", language), fontsize=9)
        target.set_ylabel(say("estimate axis", language), fontsize=9)
    marked(axes, language, simulated=True)
    summary = {str(row["name"]): row for row in curve_of(records, "recovery", "quality", exhibit)}
    first = next(iter(groups))
    told = say("recovery figure note", language, flows=len(groups[first]), all=summary[first]["n"])
    return Drawing(
        figure,
        [dict(row) for row in curve],
        notes([told], records, exhibit, language),
        text_of(exhibit["title"], language),
    )


def _scatter(axes: Axes, rows: Sequence[PlottedRow]) -> None:
    true, found = np.array(numbers(rows, "truth")), np.array(numbers(rows, "estimate"))
    few = len(rows) < 100
    axes.plot(
        true,
        found,
        linestyle="none",
        marker="o",
        markersize=4 if few else 1.5,
        color="#6e6e6e",
        alpha=0.9 if few else 0.5,
    )
    ends = np.array([true.min(), true.max()])
    slope = float(np.cov(true, found)[0, 1] / true.var(ddof=1)) if len(rows) > 1 else math.nan
    axes.plot(ends, found.mean() + slope * (ends - true.mean()), color="#000000", linewidth=1.2)
    axes.plot(ends, ends, color="#000000", linewidth=0.8, linestyle="--")
