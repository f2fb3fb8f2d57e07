"""Moran's scatter by period, and local clusters of units by period."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from citypanel.exhibits.decimals import rounded, typographic
from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow, canvas
from citypanel.exhibits.figures.cities import city_names
from citypanel.exhibits.figures.common import (
    RULE,
    by_group,
    chosen_names,
    is_simulated,
    marked,
    numbers,
    p_text,
    panels,
    spread,
    value_of,
)
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import Record, Row

QUADRANTS = ("high-high", "low-low", "high-low", "low-high")
_SHADES = ("#ffffff", "#2b2b2b", "#b0b0b0", "#ffffff", "#ffffff")
_CROWDED = 60  # more units than this and only those with a cluster or outlier are shown
_LETTERS = {"high-low": "HL", "low-high": "LH"}


def moran_scatter(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the neighbours' mean against the own value, a panel for each period; the slope is Moran's I."""
    curve = by_group(curve_of(records, "moran", "moran_scatter", exhibit), "period")
    found = sorted(curve)
    periods = chosen_names(found, exhibit, "periods") if exhibit.get("periods") else spread(found)
    slopes = {str(row["period"]): row for record in records for row in record.curves.get("moran") or []}
    figure, axes = panels(len(periods))
    reach = _reach([row for period in periods for row in curve[period]])
    for target, period in zip(axes, periods, strict=True):
        _scatter(target, curve[period], slopes.get(period, {}), reach)
        title = _title(period, slopes.get(period, {}), language)
        target.set_title(title, loc="left", fontsize=9)
        target.set_xlabel(say("own value", language), fontsize=9)
        target.set_ylabel(say("neighbours", language), fontsize=9)
    marked(axes, language, simulated=is_simulated(records))
    outcome = term_label(records[0].columns[0].outcome, labels_of(exhibit), language) if records[0].columns else ""
    told = notes([say("figure note scatter", language, outcome=outcome)], records, exhibit, language)
    plotted = [row for period in periods for row in curve[period]]
    return Drawing(figure, plotted, told, text_of(exhibit["title"], language))


def _reach(rows: Sequence[Row]) -> tuple[float, float]:
    sizes = [abs(value_of(row, key) or 0.0) for key in ("value", "lag") for row in rows]
    half = len(rows)
    return 1.08 * max(sizes[:half], default=1.0), 1.15 * max(sizes[half:], default=1.0)


def _scatter(axes: Axes, rows: Sequence[Row], moran: Mapping[str, Any], reach: tuple[float, float]) -> None:
    axes.axhline(0, color=RULE, linewidth=0.8)
    axes.axvline(0, color=RULE, linewidth=0.8)
    axes.plot(
        numbers(rows, "value"),
        numbers(rows, "lag"),
        linestyle="none",
        marker="o",
        markersize=3.6,
        color="#000000",
        markerfacecolor="#bdbdbd",
        markeredgewidth=0.7,
    )
    slope = value_of(moran, "I")
    if slope is not None:
        ends = np.array([-reach[0], reach[0]])
        axes.plot(ends, slope * ends, color="#000000", linewidth=1.1)
    axes.set_xlim(-reach[0], reach[0])
    axes.set_ylim(-reach[1], reach[1])


def _title(period: str, moran: Mapping[str, Any], language: str) -> str:
    slope, p = value_of(moran, "I"), value_of(moran, "p")
    if slope is None:
        return period
    told = f"{period}{say('colon', language)}I = {typographic(rounded(slope, 3))}"
    return told if p is None else f"{told}{say('comma', language)}{p_text(p)}"


def local_moran(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw units against periods: dark for clusters of high values, grey for low ones, letters for outliers."""
    curve = curve_of(records, "moran", "local_moran", exhibit)
    key = "p_adjusted" if exhibit.get("adjusted") else "p"
    level = float(exhibit.get("level", 0.05))
    periods = sorted({str(row["period"]) for row in curve})
    units = list(dict.fromkeys(str(row["unit"]) for row in curve))
    crowded = len(units) > _CROWDED
    if crowded:
        units = _ever_significant(curve, key, level) or units[:1]
    kinds = np.zeros((len(units), len(periods)), dtype=np.int64)
    rows: list[PlottedRow] = []
    for row in (row for row in curve if str(row["unit"]) in units):
        p = value_of(row, key)
        significant = p is not None and p < level
        kind = 1 + QUADRANTS.index(str(row["quadrant"])) if significant and row["quadrant"] in QUADRANTS else 0
        kinds[units.index(str(row["unit"])), periods.index(str(row["period"]))] = kind
        rows.append({**row, "shown": QUADRANTS[kind - 1] if kind else "none"})
    figure, axes = canvas(6.3, 1.4 + 0.17 * len(units))
    shades = ListedColormap(list(_SHADES))
    axes.imshow(kinds, cmap=shades, norm=BoundaryNorm(np.arange(-0.5, 5), 5), aspect="auto", interpolation="nearest")
    for i, j in np.argwhere(kinds > 2):
        axes.text(j, i, _LETTERS[QUADRANTS[kinds[i, j] - 1]], ha="center", va="center", fontsize=6.5)
    _grid(axes, [city_names(exhibit, language).get(unit, unit) for unit in units], periods)
    patches = [
        Patch(facecolor=_SHADES[place], edgecolor="#808080", label=say(f"cluster {QUADRANTS[place - 1]}", language))
        for place in (1, 2)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=2, fontsize=8.5)
    marked([axes], language, simulated=is_simulated(records))
    told = say("figure note local", language, level=f"{level:g}")
    told += say("between", language) + say("adjusted", language) if exhibit.get("adjusted") else ""
    told += say("between", language) + say("only significant", language) if crowded else ""
    return Drawing(figure, rows, notes([told], records, exhibit, language), text_of(exhibit["title"], language))


def _ever_significant(curve: Sequence[Row], key: str, level: float) -> list[str]:
    """Return the units that are significant in some period, in the order of the curve."""
    found = [str(row["unit"]) for row in curve if (p := value_of(row, key)) is not None and p < level]
    return [unit for unit in dict.fromkeys(str(row["unit"]) for row in curve) if unit in set(found)]


def _grid(axes: Axes, units: Sequence[str], periods: Sequence[str]) -> None:
    axes.set_xticks(range(len(periods)), periods, fontsize=8)
    axes.set_yticks(range(len(units)), units, fontsize=7)
    axes.set_xticks(np.arange(-0.5, len(periods)), minor=True)
    axes.set_yticks(np.arange(-0.5, len(units)), minor=True)
    axes.grid(which="minor", color="#d0d0d0", linewidth=0.5)
    axes.tick_params(which="both", length=0)
