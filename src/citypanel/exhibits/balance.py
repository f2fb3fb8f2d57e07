"""Balance of covariates before and after matching."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.exhibits.descriptives import curve_of
from citypanel.exhibits.labels import labels_of, statistic_label, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.table import EMPTY, Cell, Head, Row, Table, number
from citypanel.exhibits.words import say
from citypanel.result import Record

SAMPLES = ("before", "after")
SHOWN = ("mean_treated", "mean_control", "bias", "t", "p")
_DIGITS = {"bias": 1, "t": 2, "p": 3}
_HEADS = {"mean_treated": "treated mean", "mean_control": "control mean", "bias": "bias"}


def balance_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set a covariate in each row; means, standardised bias and its test before and after matching side by side."""
    curve = curve_of(records, "psm_did", "balance", exhibit)
    labels = labels_of(exhibit)
    found = {(str(row["variable"]), str(row["sample"])): row for row in curve}
    names = list(dict.fromkeys(name for name, _ in found))
    digits = int(exhibit.get("digits", 3))
    body = tuple(
        Row(
            term_label(name, labels, language),
            tuple(_cell(found.get((name, s), {}).get(key), key, digits) for s in SAMPLES for key in SHOWN),
            name,
            "balance",
        )
        for name in names
    )
    titles = [say(_HEADS[key], language) if key in _HEADS else statistic_label(key, {}, language) for key in SHOWN]
    return Table(
        kind="balance",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("variable", language),
        heads=(
            tuple(Head(say(sample, language), len(SHOWN)) for sample in SAMPLES),
            tuple(Head(title) for _ in SAMPLES for title in titles),
        ),
        groups=(body,),
        notes=notes([say("balance note", language)], records, exhibit, language),
        columns=tuple(f"{sample}:{key}" for sample in SAMPLES for key in SHOWN),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _cell(value: object, key: str, digits: int) -> Cell:
    return number(value, _DIGITS.get(key, digits)) if isinstance(value, (int, float)) else EMPTY
