"""Moran's I by period, and the tests for spatial dependence, with a column for each matrix of weights."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.errors import DeclarationError
from citypanel.exhibits.heads import joined_heads
from citypanel.exhibits.labels import effect_label, labels_of, statistic_label, term_label, text_of
from citypanel.exhibits.matrices import Series, column_labels, require, series_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.shown import Shown
from citypanel.exhibits.stars import stars_legend, stars_of
from citypanel.exhibits.stated import by_column
from citypanel.exhibits.table import EMPTY, Cell, Head, Row, Table, number
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record

DIGITS = {"p": 3, "z": 2}


def moran_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set Moran's I of each period in a row, of each matrix in a column."""
    shown = Shown(exhibit, language)
    chosen = require(records, "moran", exhibit)
    series = series_of(chosen, "moran", exhibit, language)
    asked = tuple(exhibit.get("statistics") or ("I",))
    periods = sorted(dict.fromkeys(str(row["period"]) for item in series for row in item.rows))
    body = tuple(
        Row(period, tuple(cell for item in series for cell in _cells(item, period, asked, shown)), period, "moran")
        for period in periods
    )
    names = [statistic_label(name, {}, language) for _ in series for name in asked]
    heads = joined_heads(item.label for item in series for _ in asked)
    return Table(
        kind="moran",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("year", language),
        heads=(*heads, *((tuple(map(Head, names)),) if len(asked) > 1 or not heads else ())),
        groups=(body,),
        notes=notes(_moran_notes(series, shown), records, exhibit, language),
        columns=tuple(f"{item.label}:{name}" for item in series for name in asked),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _cells(item: Series, period: str, asked: Sequence[str], shown: Shown) -> list[Cell]:
    row = next((row for row in item.rows if str(row["period"]) == period), {})
    cells = []
    for name in asked:
        value, p = row.get(name), row.get("p")
        starred = stars_of(p, shown.levels) if name == "I" and isinstance(p, (int, float)) else ""
        digits = DIGITS.get(name, int(shown.exhibit.get("digits", 4)))
        cells.append(number(value, digits, stars=starred) if isinstance(value, (int, float)) else EMPTY)
    return cells


def _moran_notes(series: Sequence[Series], shown: Shown) -> list[str]:
    language, labels = shown.language, labels_of(shown.exhibit)
    texts = []
    for item in series:
        first = item.columns[0]
        rule = str(first.vcov.get("type"))
        counted = say(f"moran {rule}", language, count=first.vcov.get("permutations"))
        side = say(f"side {first.vcov.get('side', 'greater')}", language)
        standardised = first.vcov.get("weights") == "row-standardised"
        parts = [say("moran note", language, outcome=term_label(first.outcome, labels, language)), f"{counted}"]
        parts += [side, *([say("row-standardised", language)] if standardised else [])]
        parts.append(say("units", language, count=first.n))
        texts.append(say("comma", language).join(parts))
    return [by_column(texts, language), stars_legend(shown.levels) if shown.levels else ""]


TESTS = (
    ("spatial error", ("lm_error", "rlm_error")),
    ("spatial lag tests", ("lm_lag", "rlm_lag")),
)
DURBIN = ("lr_vs_sar", "wald_vs_sar", "lr_vs_sem", "wald_vs_sem")


def spatial_lm_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set the tests for spatial errors and lags in rows, one column for each matrix.

    Raises
    ------
    DeclarationError
        The Durbin models are not as many as the matrices.
    """
    shown = Shown(exhibit, language)
    chosen = require(records, "spatial_lm", exhibit)
    columns = [column for record in chosen for column in record.columns]
    durbin = _durbin_columns(records, columns, exhibit)
    groups = [
        tuple(row for name in names for row in _test_rows(name, _test_label(heading, name, shown), columns, shown))
        for heading, names in TESTS
    ]
    if durbin:
        names = {name: statistic_label(name, labels_of(exhibit), language) for name in DURBIN}
        groups.append(tuple(row for name in DURBIN for row in _test_rows(name, names[name], durbin, shown)))
    heads = joined_heads(column_labels(chosen, exhibit, language)) or (
        tuple(Head(f"({position})") for position in range(1, len(columns) + 1)),
    )
    return Table(
        kind="spatial_lm",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("test", language),
        heads=heads,
        groups=tuple(groups),
        notes=notes(_test_notes(columns, durbin, shown), records, exhibit, language),
        columns=tuple(str(position) for position in range(1, len(columns) + 1)),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _durbin_columns(
    records: Sequence[Record], columns: Sequence[ColumnResult], exhibit: Mapping[str, Any]
) -> list[ColumnResult]:
    spatial = [column for record in records if record.method == "spatial" for column in record.columns]
    found = [column for column in spatial if "lr_vs_sar" in column.stats]
    if found and len(found) != len(columns):
        raise DeclarationError(
            f"{Shown(exhibit, 'en').place}, key 'durbin': {len(found)} Durbin models for {len(columns)} columns of "
            "tests; give one for each matrix, in the same order"
        )
    return found


def _test_label(heading: str, name: str, shown: Shown) -> str:
    test = say("rlm" if name.startswith("r") else "lm", shown.language)
    return f"{say(heading, shown.language)}{say('colon', shown.language)}{test}"


def _test_rows(name: str, label: str, columns: Sequence[ColumnResult], shown: Shown) -> list[Row]:
    found = [(column.stats.get(name), column.stats.get(f"{name}_p")) for column in columns]
    digits = int(shown.exhibit.get("digits", 3))
    cells = [
        number(value, digits, stars=stars_of(p if isinstance(p, (int, float)) else None, shown.levels))
        if isinstance(value, (int, float))
        else EMPTY
        for value, p in found
    ]
    rows = [Row(label, tuple(cells), name, name)]
    if shown.exhibit.get("p"):
        beneath = [
            number(p, DIGITS["p"], parenthesised=True) if isinstance(p, (int, float)) else EMPTY for _, p in found
        ]
        rows.append(Row("", tuple(beneath), name, f"{name}_p"))
    return rows


def _test_notes(columns: Sequence[ColumnResult], durbin: Sequence[ColumnResult], shown: Shown) -> list[str]:
    language, labels = shown.language, labels_of(shown.exhibit)
    taken = [
        say(
            "effects taken out",
            language,
            effects=say("and", language).join(
                effect_label(effect, labels, language) for effect in column.fixed_effects
            ),
        )
        if column.fixed_effects
        else say("no effects", language)
        for column in columns
    ]
    freedoms = list(dict.fromkeys(str(column.stats.get("test_df")) for column in durbin))
    return [
        say("lm note", language),
        by_column(taken, language),
        say("durbin note", language, df="/".join(freedoms)) if durbin else "",
        say("in parentheses p", language) if shown.exhibit.get("p") else "",
        stars_legend(shown.levels) if shown.levels else "",
        by_column([say("rows", language, count=column.n) for column in columns], language),
    ]
