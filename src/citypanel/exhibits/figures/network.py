"""Cities at their coordinates, joined by lines as wide as their joint patents."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from citypanel.canonical import read_frame
from citypanel.errors import InputError
from citypanel.exhibits.characters import text_width
from citypanel.exhibits.decimals import grouped
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.cities import City, files_of, known_cities
from citypanel.exhibits.figures.common import marked, panels, place_of
from citypanel.exhibits.labels import text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import Record

_WIDEST = 6.0  # points
_LARGEST = 90.0  # area of the largest city, square points
_PANEL = 200.0  # width of the cities in a panel, points
_LETTER, _LINE = 3.8, 8.0  # a letter and a line of a name, points
_KEYS = ["adcode_i", "adcode_j", "year", "full"]


def network(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the pairs of a year between the panel's cities, a panel of the figure for each year."""
    cities = known_cities(exhibit, language)
    codes = _members(exhibit, cities)
    flows = _flows(exhibit, codes)
    years = _years(flows, exhibit)
    shown = flows[flows["year"].isin(years)]
    most = float(shown["full"].max())
    figure, axes = panels(len(years), size=(3.15, 3.5))
    members = [cities[code] for code in codes]
    rows: list[PlottedRow] = []
    for target, year in zip(axes, years, strict=True):
        links = shown[shown["year"] == year].sort_values(["full", "one", "other"], ascending=[False, True, True])
        strongest = links.head(int(exhibit.get("links", 150)))
        _lines(target, strongest, cities, most)
        _points(target, links, cities, members, int(exhibit.get("names", 8)))
        target.set_title(str(year), loc="left", fontsize=10)
        rows += [
            {"year": year, "city_i": one, "city_j": other, "joint": int(count)}
            for one, other, count in zip(strongest["one"], strongest["other"], strongest["full"], strict=True)
        ]
    _legend(axes[0], most)
    marked(axes, language, simulated=bool(exhibit.get("simulated")))
    told = say("figure note network", language, links=int(exhibit.get("links", 150)))
    return Drawing(figure, rows, notes([told], records, exhibit, language), text_of(exhibit["title"], language))


def _members(exhibit: Mapping[str, Any], cities: Mapping[str, City]) -> list[str]:
    """Return the codes of the panel's cities."""
    codes = read_frame(files_of(exhibit, "panel")[0], ["city"])["city"].unique()
    return sorted(str(code) for code in codes if str(code) in cities)


def _flows(exhibit: Mapping[str, Any], codes: Sequence[str]) -> pd.DataFrame:
    """Return the pairs of different cities of the panel."""
    path = files_of(exhibit, "pairs")[0]
    pairs = read_frame(path, _KEYS)
    flows = pairs.assign(one=pairs["adcode_i"].astype(str), other=pairs["adcode_j"].astype(str))
    flows = flows[(flows["one"] != flows["other"]) & flows["one"].isin(codes) & flows["other"].isin(codes)]
    flows = flows[flows["full"] > 0]
    if flows.empty:
        raise InputError(f"{place_of(exhibit)}: {path} has no pair of two cities of the panel")
    return flows


def _years(flows: pd.DataFrame, exhibit: Mapping[str, Any]) -> list[int]:
    found = sorted(int(year) for year in flows["year"].unique())
    span = exhibit.get("years") or [found[0], found[-1]]
    inside = [year for year in found if span[0] <= year <= span[-1]] or found
    asked = [int(year) for year in exhibit.get("shown_years") or ()] or list(dict.fromkeys([inside[0], inside[-1]]))
    for year in asked:
        if year not in found:
            raise InputError(f"{place_of(exhibit)}: no pair in {year}; there are pairs from {found[0]} to {found[-1]}")
    return asked


def _lines(axes: Axes, links: pd.DataFrame, cities: Mapping[str, City], most: float) -> None:
    """Draw the weak links first, so that the strong ones stand above them."""
    ordered = links.iloc[::-1]
    ends = [
        [(cities[one].lon, cities[one].lat), (cities[other].lon, cities[other].lat)]
        for one, other in zip(ordered["one"], ordered["other"], strict=True)
    ]
    shares = ordered["full"].to_numpy(dtype=np.float64) / most
    shades = [str(0.75 - 0.6 * float(np.sqrt(share))) for share in shares]
    axes.add_collection(LineCollection(ends, linewidths=np.maximum(_WIDEST * shares, 0.25), colors=shades, zorder=1))


def _points(axes: Axes, links: pd.DataFrame, cities: Mapping[str, City], members: Sequence[City], named: int) -> None:
    totals = pd.concat([links.groupby("one")["full"].sum(), links.groupby("other")["full"].sum()])
    totals = totals.groupby(level=0).sum().sort_values(ascending=False, kind="stable")
    most = float(totals.max()) if len(totals) else 1.0
    axes.plot([c.lon for c in members], [c.lat for c in members], "o", markersize=2, color="#808080", zorder=2)
    for code, total in totals.items():
        city = cities[str(code)]
        size = float(np.sqrt(_LARGEST * total / most))
        axes.plot([city.lon], [city.lat], "o", markersize=size, color="#ffffff", markeredgecolor="#000000", zorder=3)
    _names(axes, [cities[str(code)] for code in totals.index[:named]], members)
    middle = float(np.mean([city.lat for city in members]))
    axes.set_aspect(1 / np.cos(np.radians(middle)))
    axes.set_axis_off()
    axes.margins(0.08)


def _names(axes: Axes, named: Sequence[City], members: Sequence[City]) -> None:
    """Write the names, each at the first of four corners where it meets no earlier name."""
    width = max(city.lon for city in members) - min(city.lon for city in members)
    unit = _PANEL / max(width, 1e-9)  # points per degree
    taken: list[tuple[float, float, float, float]] = []
    for city in named:
        long = _LETTER * text_width(city.name)
        corners = [(x, y, x if x > 0 else x - long) for y in (3.0, -_LINE) for x in (4.0, -4.0)]
        boxes = [(city.lon * unit + left, city.lat * unit + y, long, _LINE) for _, y, left in corners]
        free = [at for at, box in enumerate(boxes) if not any(_meet(box, other) for other in taken)]
        at = free[0] if free else 0
        x, y, _ = corners[at]
        taken.append(boxes[at])
        note = axes.annotate(
            city.name,
            (city.lon, city.lat),
            (x, y),
            textcoords="offset points",
            ha="left" if x > 0 else "right",
            fontsize=7,
            zorder=4,
        )
        note.set_path_effects([withStroke(linewidth=2.0, foreground="white")])


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return all(one[k] < other[k] + other[k + 2] and other[k] < one[k] + one[k + 2] for k in (0, 1))


def _legend(axes: Axes, most: float) -> None:
    """Show the widths of a round large count and of a tenth of it."""
    power = 10 ** int(np.floor(np.log10(most)))
    top = int(max(step * power for step in (1, 2, 5) if step * power <= most))
    counts = list(dict.fromkeys(count for count in (top, top // 10) if count > 0))
    lines = [Line2D([], [], color="#404040", linewidth=max(_WIDEST * count / most, 0.25)) for count in counts]
    axes.legend(lines, [grouped(str(count)) for count in counts], loc="lower left", fontsize=8)
