"""Standardised bias of covariates before and after matching."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.ticker import FixedLocator

from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.figures.canvas import Drawing, canvas
from citypanel.exhibits.figures.common import RULE, is_simulated, marked, value_of
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.words import say
from citypanel.result import Record

_LIMIT = 10.0  # per cent; Rosenbaum and Rubin (1985) call more than that large


def balance_plot(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Drawing:
    """Draw the curve `balance`: hollow points before matching, filled ones after it."""
    curve = curve_of(records, "psm_did", "balance", exhibit)
    names = list(dict.fromkeys(str(row["variable"]) for row in curve))
    figure, axes = canvas(6.3, 1.5 + 0.32 * len(names))
    for sample, fill in (("before", "white"), ("after", "#000000")):
        shown = [
            (value, names.index(str(row["variable"])))
            for row in curve
            if row["sample"] == sample and (value := value_of(row, "bias")) is not None
        ]
        if shown:
            axes.plot(
                *zip(*shown, strict=True),
                linestyle="none",
                marker="o",
                markersize=6,
                color="#000000",
                markerfacecolor=fill,
                label=say(sample, language),
            )
    axes.axvline(0, color=RULE, linewidth=0.8)
    for edge in (-_LIMIT, _LIMIT):
        axes.axvline(edge, color=RULE, linewidth=0.8, linestyle=":")
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    labels = labels_of(exhibit)
    axes.set_yticklabels([term_label(name, labels, language) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(say("bias", language))
    axes.legend(loc="best", fontsize=9)
    marked([axes], language, simulated=is_simulated(records))
    told = notes([say("figure note balance", language), say("balance note", language)], records, exhibit, language)
    return Drawing(figure, [dict(row) for row in curve], told, text_of(exhibit["title"], language))
