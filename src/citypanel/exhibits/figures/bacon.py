"""The comparisons behind a two-way effect: estimate against weight, by type."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.exhibits.decimals import rounded
from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.figures.canvas import GREYS, MARKERS, Drawing, canvas
from citypanel.exhibits.figures.common import RULE, by_group, is_simulated, marked, numbers
from citypanel.exhibits.labels import text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import WORDS, say
from citypanel.result import Record


def bacon(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the curve `bacon` with a line at the two-way effect."""
    curve = curve_of(records, "did", "bacon", exhibit)
    figure, axes = canvas()
    for position, (name, rows) in enumerate(by_group(curve, "type").items()):
        key = f"bacon {name.lower()}"
        axes.plot(
            numbers(rows, "weight"),
            numbers(rows, "estimate"),
            linestyle="none",
            marker=MARKERS[position % len(MARKERS)],
            markersize=6,
            color=GREYS[position % len(GREYS)],
            label=say(key, language) if key in WORDS else name,
        )
    axes.axhline(0, color=RULE, linewidth=0.8)
    effect = next(column.terms[0].estimate for record in records if record.method == "did" for column in record.columns)
    if effect is not None:
        axes.axhline(effect, color="#000000", linewidth=1.0, linestyle="--")
    axes.set_xlabel(say("weight", language))
    axes.set_ylabel(say("comparison", language))
    axes.legend(loc="best", fontsize=9)
    marked([axes], language, simulated=is_simulated(records))
    line = say("figure note bacon", language, estimate="" if effect is None else rounded(effect, 4))
    told = notes([line], records, exhibit, language)
    return Drawing(figure, [dict(row) for row in curve], told, text_of(exhibit["title"], language))
