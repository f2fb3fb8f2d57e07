"""Matrices of spatial weights, shaded by size."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from citypanel.arrays import Matrix
from citypanel.errors import InputError
from citypanel.exhibits.figures.canvas import Drawing, PlottedRow
from citypanel.exhibits.figures.cities import city_names, files_of, province_name
from citypanel.exhibits.figures.common import marked
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import Record

_LARGEST = 7.0  # points
_TALL, _SMALL = 260.0, 110.0  # points for the names of all units beside one matrix, or two
_LEGIBLE = 4.5  # points; smaller names are left out, provinces are named instead


def weights_heatmap(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the matrices side by side, rows scaled to sum to one, shares of the row by shade.

    The largest two per cent share the darkest shade, because a few near pairs hold most of such a matrix.
    """
    paths = files_of(exhibit, "weights")
    matrices = [_read(path) for path in paths]
    figure = Figure(figsize=(6.3, 6.3 if len(paths) == 1 else 3.7))
    axes = [figure.add_subplot(1, len(paths), position + 1) for position in range(len(paths))]
    names = city_names(exhibit, language)
    rows: list[PlottedRow] = []
    for target, path, (ids, weights) in zip(axes, paths, matrices, strict=True):
        shares = weights / np.where(weights.sum(axis=1) > 0, weights.sum(axis=1), 1.0)[:, None]
        size = min(_LARGEST, (_TALL if len(paths) == 1 else _SMALL) / len(ids))
        _draw(target, shares)
        if size >= _LEGIBLE:
            _name(target, [names.get(code, code) for code in ids], size)
        else:
            _provinces(target, ids, language)
        bar = figure.colorbar(target.images[0], ax=target, shrink=0.7, extend="max")
        bar.ax.tick_params(labelsize=7)
        bar.set_label(say("share of row", language), fontsize=8)
        target.set_title(term_label(path.stem, labels_of(exhibit), language), loc="left", fontsize=10)
        rows += [
            {"matrix": path.stem, "row": one, "column": other, "share": float(shares[i, j])}
            for i, one in enumerate(ids)
            for j, other in enumerate(ids)
        ]
    marked(axes, language, simulated=bool(exhibit.get("simulated")))
    told = notes([say("figure note weights", language)], records, exhibit, language)
    return Drawing(figure, rows, told, text_of(exhibit["title"], language))


def _read(path: Path) -> tuple[list[str], Matrix]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        lines = list(csv.reader(source))
    try:
        weights = np.array([[float(cell) for cell in line] for line in lines[1:]])
    except ValueError:
        raise InputError(f"{path}: a cell is not a number; a square table with a header of units is expected") from None
    if not lines or weights.shape != (len(lines[0]), len(lines[0])):
        raise InputError(f"{path}: a square table with a header of units is expected")
    return lines[0], weights


def _draw(axes: Axes, shares: Matrix) -> None:
    shown = np.where(shares > 0, shares, np.nan)
    limit = float(np.nanquantile(shown, 0.98)) if np.isfinite(shown).any() else 1.0
    axes.imshow(shown, cmap="Greys", vmin=0, vmax=limit, interpolation="nearest")
    axes.tick_params(length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)


def _name(axes: Axes, names: Sequence[str], size: float) -> None:
    axes.set_xticks(range(len(names)), names, fontsize=size, rotation=90)
    axes.set_yticks(range(len(names)), names, fontsize=size)


def _provinces(axes: Axes, ids: Sequence[str], language: str) -> None:
    """Name the provinces at the middle of their units, with lines between them."""
    names = [province_name(code, language) for code in ids]
    starts = [at for at, name in enumerate(names) if at == 0 or name != names[at - 1]]
    ends = [*starts[1:], len(names)]
    middles = [(start + end - 1) / 2 for start, end in zip(starts, ends, strict=True)]
    shown = [names[start] for start in starts]
    axes.set_xticks(middles, shown, fontsize=7, rotation=90)
    axes.set_yticks(middles, shown, fontsize=7)
    for start in starts[1:]:
        axes.axhline(start - 0.5, color="#808080", linewidth=0.5)
        axes.axvline(start - 0.5, color="#808080", linewidth=0.5)
