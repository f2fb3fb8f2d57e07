"""The ledger as pages: HTML to read on a screen, LaTeX to include, in English and Chinese."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.ledger.compare import Entry, Ledger, Sheet, count
from citypanel.ledger.ledger_files import sheet_name
from citypanel.ledger.matching import Said
from citypanel.ledger.messages import Language, remedy
from citypanel.ledger.reasons import chosen, described, reason, said_text, sources_text
from citypanel.ledger.report import tex_escaped
from citypanel.ledger.verdicts import (
    COMPATIBLE,
    DIFFERS,
    MISSED,
    NO_COUNTERPART,
    OTHERWISE,
    SAME_UNDER,
    VERDICTS,
)
from citypanel.ledger.wording_ledger import INFERRED, MEANINGS, SIGNS, STATISTIC_NAMES, TEXTS, VERDICT_NAMES
from citypanel.templating import environment

_TAGS = {"en": "en", "zh": "zh-Hans"}
# Verdicts whose reason is told cell by cell; the others are the same for every cell of a table.
_TOLD = (SAME_UNDER, COMPATIBLE, DIFFERS, MISSED, OTHERWISE, NO_COUNTERPART)
_MINUS = "\N{MINUS SIGN}"


def words(language: Language) -> dict[str, str]:
    """Return the headings of a language."""
    return {name.replace(" ", "_"): chosen(pair, language) for name, pair in TEXTS.items()}


def sheet_html(ledger: Ledger, sheet: Sheet, language: Language) -> str:
    """Return the page of one table: a grid as printed, reasons, the conventions that were tried."""
    return _html("ledger_sheet", _sheet_view(ledger, sheet, language), language)


def sheet_tex(ledger: Ledger, sheet: Sheet, language: Language) -> str:
    """Return one table as a LaTeX fragment (booktabs, longtable; Chinese needs xeCJK)."""
    return _tex("ledger_sheet", _sheet_view(ledger, sheet, language), language)


def summary_html(ledger: Ledger, language: Language) -> str:
    """Return the page of a study: a line per table."""
    return _html("ledger_summary", _summary_view(ledger, language), language)


def summary_tex(ledger: Ledger, language: Language) -> str:
    """Return the summary of a study as a LaTeX fragment."""
    return _tex("ledger_summary", _summary_view(ledger, language), language)


def overview_html(studies: Sequence[Mapping[str, Any]], language: Language) -> str:
    """Return the page of all studies: a line per study, from the studies' summaries."""
    return _html("ledger_summary", _overview_view(studies, language), language)


def overview_tex(studies: Sequence[Mapping[str, Any]], language: Language) -> str:
    """Return the line per study as a LaTeX fragment."""
    return _tex("ledger_summary", _overview_view(studies, language), language)


def _html(template: str, view: Mapping[str, Any], language: Language) -> str:
    page = environment(autoescape=True).get_template(f"{template}.html.jinja")
    return page.render(view, text=words(language), language=_TAGS[language])


def _tex(template: str, view: Mapping[str, Any], language: Language) -> str:
    marks = {
        "block_start_string": "<%", "block_end_string": "%>", "variable_start_string": "<<",
        "variable_end_string": ">>", "comment_start_string": "<#", "comment_end_string": "#>",
    }  # fmt: skip
    fragment = environment(finalize=lambda value: tex_escaped(str(value)), **marks)
    return fragment.get_template(f"{template}.tex.jinja").render(view, text=words(language), language=language)


def _sheet_view(ledger: Ledger, sheet: Sheet, language: Language) -> dict[str, Any]:
    columns = list(dict.fromkeys(entry.cell.column for entry in sheet.entries))
    told = [entry for entry in sheet.entries if entry.verdict in _TOLD or entry.stars_differ]
    problems = [remedy(problem, language) for problem in sheet.problems]
    return {
        "study": chosen_text(ledger.title, language),
        "title": f"{shown_name(sheet, language)}{chosen(TEXTS['colon'], language)}{chosen_text(sheet.title, language)}"
        if sheet.exhibit
        else sheet.published,
        "simulated": sheet.origin.simulated,
        "basis": basis(sheet, language),
        "sources": sources_text(sheet, language),
        "counts": _counted(sheet.counts, language),
        "stars_differ": sum(entry.stars_differ for entry in sheet.entries),
        "may_be_chance": sum(entry.may_be_chance for entry in sheet.entries),
        "columns": columns,
        "rows": _grid(sheet, columns, language),
        "lines": [_line(entry, sheet, language) for entry in sheet.entries],
        "told": [_line(entry, sheet, language) for entry in told],
        **_conventions(sheet, language),
        "problems": problems,
    }


def shown_name(sheet: Sheet, language: Language) -> str:
    """Return `Table 4` for an exhibit that is called table4, else the name."""
    number = re.fullmatch(r"table_?(\w+)", sheet_name(sheet))
    return f"{chosen(TEXTS['table'], language)} {number[1].upper()}" if number else sheet_name(sheet)


def chosen_text(texts: Mapping[str, str], language: Language) -> str:
    """Return a declared text in a language."""
    return texts.get(language, "")


def basis(sheet: Sheet, language: Language) -> str:
    """Return what our numbers of a table rest on."""
    kind = "none" if not sheet.exhibit or not any(entry.comparison for entry in sheet.entries) else "data"
    if sheet.origin.simulated:
        kind = "calibrated" if sheet.origin.calibrated else "simulated"
    return chosen(TEXTS[f"basis {kind}"], language)


def _counted(counts: Mapping[str, int], language: Language) -> list[dict[str, Any]]:
    return [
        {
            "key": name,
            "sign": SIGNS[name],
            "name": chosen(VERDICT_NAMES[name], language),
            "count": counts[name],
            "meaning": chosen(MEANINGS[name], language),
        }
        for name in VERDICTS
        if counts[name]
    ]


def _grid(sheet: Sheet, columns: Sequence[str], language: Language) -> list[dict[str, Any]]:
    """Return the table as printed: a row per printed row and statistic, a cell or nothing per column."""
    rows: dict[tuple[str, str], dict[str, Entry]] = {}
    order = list(dict.fromkeys(entry.cell.row for entry in sheet.entries))
    for entry in sorted(sheet.entries, key=lambda item: order.index(item.cell.row)):
        rows.setdefault((entry.cell.row, entry.cell.statistic), {})[entry.cell.column] = entry
    labels = [row for row, _ in rows]
    return [
        {
            "label": row,
            "again": position > 0 and labels[position - 1] == row,
            "statistic": statistic_name(statistic, language),
            "cells": [_line(cells[column], sheet, language) if column in cells else None for column in columns],
        }
        for position, ((row, statistic), cells) in enumerate(rows.items())
    ]


def statistic_name(statistic: str, language: Language) -> str:
    """Return what a cell's number is where the row's name does not say it."""
    return chosen(STATISTIC_NAMES[statistic], language) if statistic in STATISTIC_NAMES else statistic


def _line(entry: Entry, sheet: Sheet, language: Language) -> dict[str, str]:
    cell = entry.cell
    said = said_text(entry.target, language) if isinstance(entry.target, Said) else ""
    ours = entry.comparison.text if entry.comparison else said
    return {
        "column": cell.column,
        "row": cell.row,
        "statistic": statistic_name(cell.statistic, language),
        "printed": cell.printed.replace("-", _MINUS) if cell.number else cell.printed,
        "ours": ours.replace("-", _MINUS) + "*" * (entry.stars or 0),
        "key": entry.verdict,
        "sign": SIGNS[entry.verdict],
        "verdict": chosen(VERDICT_NAMES[entry.verdict], language),
        "reason": reason(entry, sheet, language),
    }


def _conventions(sheet: Sheet, language: Language) -> dict[str, Any]:
    """Return the variants that change a number of the table, and how the declared convention does."""
    changing = [one for one in sheet.conventions if one.changed]
    suggested = suggestions(sheet)
    numbers = [entry for entry in sheet.entries if entry.comparison]
    return {
        "variants": [
            {
                **vars(one),
                "name": described(one.label, language),
                "expected": f"{one.expected:.2g}",
                "suggested": one.label in suggested,
            }
            for one in changing
        ],
        "tried": len(sheet.conventions),
        "unchanging": len(sheet.conventions) - len(changing),
        "numbers": len(numbers),
        "printing": sum(bool(entry.comparison and entry.comparison.same) for entry in numbers),
        "candidates": _candidates(sheet, language),
    }


def _candidates(sheet: Sheet, language: Language) -> list[dict[str, str]]:
    """Return what the audit inferred, a line for each convention and rule with the columns it speaks of."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for column, rule, name, value in sheet.candidates:
        found.setdefault((name, value, rule), []).append(column or chosen(TEXTS["all columns"], language))
    return [
        {
            "text": chosen(INFERRED[name, value], language) if (name, value) in INFERRED else f"{name} {value}",
            "columns": ", ".join(dict.fromkeys(columns)),
            "rule": rule,
        }
        for (name, value, rule), columns in found.items()
    ]


# What the audit infers, in the words of a variant.
_SUGGESTED: dict[tuple[str, str], str] = {
    ("constant", "base category"): "constant=base",
    ("constant", "at the means"): "constant=mean",
    ("vcov", "iid"): "vcov=iid",
    ("F", "dummies tested"): "f_terms=all",
    ("side", "one"): "side=greater",
    ("side", "two"): "side=two",
    ("W", "row-standardised"): "row_standardise=true",
    ("W", "not row-standardised"): "row_standardise=false",
    ("effects", "simulation means"): "reading=mc_mean",
    ("effects", "pooled"): "effects=none",
    ("leeyu", "no"): "leeyu=false",
    ("K", "k_within"): "reading=r2_adj_xtreg",
}


def suggestions(sheet: Sheet) -> set[str]:
    """Return the variants of a table that change only what the audit infers from the printed numbers."""
    inferred = {_SUGGESTED.get((name, value), "") for _, _, name, value in sheet.candidates} - {""}
    return {one.label for one in sheet.conventions if set(one.label.split("; ")) <= inferred}


def _summary_view(ledger: Ledger, language: Language) -> dict[str, Any]:
    lines = [
        {
            "name": shown_name(sheet, language),
            "link": f"{sheet_name(sheet)}_{language}.html",
            "title": chosen_text(sheet.title, language) if sheet.exhibit else "",
            "basis": basis(sheet, language),
            "cells": len(sheet.entries),
            "counts": sheet.counts,
            "stars_differ": sum(entry.stars_differ for entry in sheet.entries),
        }
        for sheet in ledger.sheets
    ]
    problems = [remedy(problem, language) for sheet in ledger.sheets for problem in sheet.problems]
    heading = f"{chosen_text(ledger.title, language)} ({ledger.study})"
    return _table_view(lines, count(ledger.entries), heading, language, simulated=ledger.simulated) | {
        "first": chosen(TEXTS["exhibit"], language),
        "links": {"to overview": f"../../ledger_{language}.html", "to audit": f"../audit/audit.{language}.html"},
        "problems": problems,
    }


def _overview_view(studies: Sequence[Mapping[str, Any]], language: Language) -> dict[str, Any]:
    lines = [
        {
            "name": study["study"],
            "link": f"{study['study']}/ledger/summary_{language}.html",
            "title": chosen_text(study["title"], language),
            "basis": chosen(TEXTS["basis simulated" if study["simulated"] else "basis data"], language),
            "cells": study["cells"],
            "counts": study["counts"],
            "stars_differ": study["stars_differ"],
        }
        for study in studies
    ]
    total = {name: sum(study["counts"][name] for study in studies) for name in VERDICTS}
    simulated = any(study["simulated"] for study in studies)
    heading = chosen(TEXTS["overview"], language)
    return _table_view(lines, total, heading, language, simulated=simulated) | {
        "first": chosen(TEXTS["study"], language),
        "links": {},
        "problems": [],
    }


def _table_view(
    lines: Sequence[Mapping[str, Any]], total: Mapping[str, int], heading: str, language: Language, *, simulated: bool
) -> dict[str, Any]:
    """Return lines with a column for each verdict that occurs."""
    occurring = [name for name in VERDICTS if total[name]]
    return {
        "heading": heading,
        "simulated": simulated,
        "lines": [{**line, "numbers": [line["counts"][name] for name in occurring]} for line in lines],
        "verdicts": _counted(total, language),
        "totals": [total[name] for name in occurring],
        "cells": sum(line["cells"] for line in lines),
        "stars_differ": sum(line["stars_differ"] for line in lines),
    }
