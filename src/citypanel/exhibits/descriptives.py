"""Tables of moments and of correlations."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.errors import DeclarationError
from citypanel.exhibits.labels import labels_of, statistic_label, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.restrictions import span_text
from citypanel.exhibits.stars import stars_legend, stars_of
from citypanel.exhibits.stated import by_column
from citypanel.exhibits.table import EMPTY, Cell, Head, Row, Table, number, words
from citypanel.exhibits.words import say
from citypanel.result import Record
from citypanel.result import Row as CurveRow

MOMENTS = ("n", "mean", "sd", "min", "p25", "median", "p75", "max")
NO_MOMENTS = ("variable", "column", "group")


def curve_of(records: Sequence[Record], method: str, curve: str, exhibit: Mapping[str, Any]) -> list[CurveRow]:
    """Return a curve of the first record of a method; raise `DeclarationError` if there is none."""
    for record in records:
        if record.method == method and record.curves.get(curve):
            return record.curves[curve]
    place = _place(exhibit)
    found = ", ".join(f"{record.analysis} ({record.method})" for record in records) or "nothing"
    raise DeclarationError(f"{place}: it needs an analysis of method '{method}'; it was given {found}")


def descriptives_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set one variable per row, one moment per column; moments of groups (years) one group per row."""
    rows = _kept(curve_of(records, "describe", "describe", exhibit), exhibit)
    labels = labels_of(exhibit)
    asked = tuple(exhibit.get("statistics") or MOMENTS)
    for name in asked:
        if name not in rows[0]:
            place = f"{_place(exhibit)}, key 'statistics'"
            allowed = ", ".join(key for key in rows[0] if key not in NO_MOMENTS)
            raise DeclarationError(f"{place}: '{name}' is not described; allowed: {allowed}")
    heads = tuple(Head(statistic_label(name, labels, language)) for name in asked)
    variables = tuple(dict.fromkeys(str(row["variable"]) for row in rows))
    grouped = "group" in rows[0]
    above = (tuple(Head(term_label(name, labels, language), len(asked)) for name in variables),)
    return Table(
        kind="descriptives",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=term_label(_by(records), labels, language) if grouped else say("variable", language),
        heads=(*above, heads * len(variables)) if grouped else (heads,),
        groups=(_by_group(rows, asked, exhibit) if grouped else _by_variable(rows, asked, exhibit, language),),
        notes=notes([_years(records, exhibit, language)], records, exhibit, language),
        columns=tuple(f"{name}:{moment}" for name in variables for moment in asked) if grouped else asked,
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _by(records: Sequence[Record]) -> str:
    """Return the column that told the groups apart."""
    return next((str(c.stats["by"]) for record in records for c in record.columns if "by" in c.stats), "")


def _place(exhibit: Mapping[str, Any]) -> str:
    return f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}'"


def _kept(rows: Sequence[CurveRow], exhibit: Mapping[str, Any]) -> list[CurveRow]:
    """Return the rows of the declared variables, default all, in the declared order."""
    found = list(dict.fromkeys(str(row["variable"]) for row in rows))
    keep = [str(name) for name in exhibit.get("keep") or found]
    for name in keep:
        if name not in found:
            raise DeclarationError(f"{_place(exhibit)}, key 'keep': '{name}' is not described; {', '.join(found)} are")
    return [row for name in keep for row in rows if row["variable"] == name]


def _by_variable(
    rows: Sequence[CurveRow], asked: Sequence[str], exhibit: Mapping[str, Any], language: str
) -> tuple[Row, ...]:
    labels, digits = labels_of(exhibit), int(exhibit.get("digits", 3))
    return tuple(
        Row(
            term_label(str(row["variable"]), labels, language),
            tuple(_moment(row[name], digits) for name in asked),
            str(row["variable"]),
            "describe",
        )
        for row in rows
    )


def _by_group(rows: Sequence[CurveRow], asked: Sequence[str], exhibit: Mapping[str, Any]) -> tuple[Row, ...]:
    """Return a row for each group with the moments of all variables side by side."""
    digits = int(exhibit.get("digits", 3))
    groups = dict.fromkeys(str(row["group"]) for row in rows)
    return tuple(
        Row(
            group,
            tuple(_moment(row[name], digits) for row in rows if str(row["group"]) == group for name in asked),
            group,
            "describe",
        )
        for group in groups
    )


def _moment(value: object, digits: int) -> Cell:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return EMPTY if value is None else words(str(value))
    return number(value, 0 if isinstance(value, int) else digits)


def _years(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> str:
    columns = [column for record in records for column in record.columns]
    years = by_column([span_text(column, exhibit, language) for column in columns], language)
    return f"{say('sample', language)}{say('colon', language)}{years}" if years else ""


def correlations_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set the lower triangle of a correlation matrix, with the variance inflation factors beneath.

    Columns carry the numbers of the rows, so that long names fit in either language.
    """
    pairs = curve_of(records, "correlate", "correlation", exhibit)
    labels = labels_of(exhibit)
    names = list(dict.fromkeys(str(row["row"]) for row in pairs))
    names += [name for name in dict.fromkeys(str(row["column"]) for row in pairs) if name not in names]
    names = _matrix_order(names, pairs)
    levels = tuple(exhibit.get("stars", (0.05,)))
    body = tuple(
        Row(f"({position}) {term_label(name, labels, language)}", tuple(cells), name, "r")
        for position, (name, cells) in enumerate(zip(names, _triangle(pairs, names, exhibit), strict=True), start=1)
    )
    factors = _factors(records, names, language)
    legend = stars_legend(levels) if levels else ""
    parts = [say("correlation note", language), _pairwise(pairs, language), legend]
    parts += [say("vif note", language)] if factors else []
    return Table(
        kind="correlations",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("variable", language),
        heads=(tuple(Head(f"({position})") for position in range(1, len(names) + 1)),),
        groups=tuple(group for group in (body, factors) if group),
        notes=notes([*parts, _years(records, exhibit, language)], records, exhibit, language),
        columns=tuple(names),
        simulated=any(bool(record.sample.get("simulated")) for record in records),
    )


def _matrix_order(names: list[str], pairs: Sequence[CurveRow]) -> list[str]:
    """Return the variables in matrix order: a triangle's first one may come only as a column."""
    later = {str(row["row"]) for row in pairs if row["row"] != row["column"]}
    only_columns = [name for name in names if name not in later]
    return [*only_columns, *(name for name in names if name in later)] if len(later) < len(names) else names


def _triangle(pairs: Sequence[CurveRow], names: Sequence[str], exhibit: Mapping[str, Any]) -> list[list[Cell]]:
    """Return the cells of the lower triangle, ones on the diagonal, nothing above it."""
    levels = tuple(exhibit.get("stars", (0.05,)))
    digits = int(exhibit.get("digits", 4))
    found = {frozenset((str(row["row"]), str(row["column"]))): row for row in pairs}
    cells: list[list[Cell]] = []
    for position, name in enumerate(names):
        left = [_correlation(found.get(frozenset((name, other)), {}), levels, digits) for other in names[:position]]
        cells.append([*left, number(1, 0), *(EMPTY for _ in names[position + 1 :])])
    return cells


def _correlation(row: CurveRow, levels: Sequence[float], digits: int) -> Cell:
    r, p = row.get("r"), row.get("p")
    if not isinstance(r, (int, float)):
        return EMPTY
    return number(r, digits, stars=stars_of(p if isinstance(p, (int, float)) else None, levels))


def _pairwise(pairs: Sequence[CurveRow], language: str) -> str:
    given = [row.get("n") for row in pairs]
    counts = sorted({int(count) for count in given if isinstance(count, (int, float))})
    if not counts:
        return ""
    if len(counts) == 1:
        return say("rows", language, count=counts[0])
    text = say("pairwise n", language, low=counts[0], high=counts[-1])
    return text[:1].upper() + text[1:]


def _factors(records: Sequence[Record], names: Sequence[str], language: str) -> tuple[Row, ...]:
    """Return the rows VIF and mean VIF, or none; a factor of an absent variable is a wrong pairing."""
    columns = [column for record in records if record.method == "vif" for column in record.columns]
    if not columns:
        return ()
    values = {term.term: term.estimate for term in columns[0].terms}
    outside = [term for term in values if term not in names and term != "Intercept"]
    if outside:
        raise DeclarationError(f"variance inflation factors of {', '.join(outside)}: not in the correlation table")
    mean = columns[0].stats.get("mean_vif")
    cells = tuple(number(values.get(name), 2) for name in names)
    last = number(mean if isinstance(mean, (int, float)) else None, 2)
    return (
        Row(say("vif", language), cells, "vif", "vif"),
        Row(say("mean vif", language), (last, *(EMPTY for _ in names[1:])), "mean_vif", "mean_vif"),
    )
