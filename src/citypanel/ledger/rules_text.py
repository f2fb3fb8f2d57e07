"""Section G: what the text says against what the tables print."""

import re
from collections.abc import Iterable

from citypanel.ledger import labels
from citypanel.ledger.claims import Claim, Claims, listed
from citypanel.ledger.findings import Finding, Judge, Place
from citypanel.ledger.layout import (
    Cells,
    Column,
    columns_of,
    correlations_of,
    moments_of,
    spatial_effects_of,
    tables_of,
)
from citypanel.ledger.printed import Cell, parse_number
from citypanel.ledger.samples import known_tables, lacks_tables
from citypanel.ledger.significance import levels_of

_KINDS = {
    "correlations": r"correlation|相关(性|系数)",
    "descriptives": r"descriptive|summary stat|描述性",
    "regression": r"regress|baseline|robust|heterogen|result|measure|回归|稳健|异质|更换|替换",
    "moran": r"moran|空间自相关",
    "lm": r"\blm\b|lagrange",
    "definitions": r"variable (table|definition)|control variable|变量(定义|表)|控制变量",
}


def _find(cells: Cells, claim: Claim) -> Cell | None:
    """Return the starred cell that a claim speaks of."""
    fitting = [
        cell
        for cell in cells
        if (cell.table, cell.column, cell.row) == (claim.table, claim.column, claim.row)
        and cell.statistic in ("coef", "effect", "pearson_r", "moran_I", "chi2", "stat", "value")
    ]
    return fitting[0] if fitting else None


def text_level(cells: Cells, claims: Claims) -> list[Finding]:
    """41. "At the x% level", the stated sign and a number cited in the text equal the cell."""
    judge, found = Judge("text_level"), []
    for claim in (*claims.of("level"), *claims.of("cited")):
        cell = _find(cells, claim)
        if cell is None or cell.number is None:
            found.append(judge.missing(claim.at, "cell", printed=claim.value, inputs=[claim]))
        elif claim.kind == "cited":
            found.append(_cited(judge, cell, claim))
        else:
            found.append(_level(judge, cell, claim, levels_of(cells, claims, claim.table)))
    return found


def _cited(judge: Judge, cell: Cell, claim: Claim) -> Finding:
    try:
        number = parse_number(claim.value)
    except ValueError:
        number = None
    common = {"printed": cell.text, "inputs": [cell, claim], "computed": number.interval if number else None}
    if number is None or cell.number is None:
        return judge.missing(claim.at, "cell", **common)
    same = number.interval.meets(cell.interval) and number.interval.meets(cell.number.value)
    return judge("consistent" if same else "inconsistent", claim.at, "cited", said=claim.value, **common)


def _level(judge: Judge, cell: Cell, claim: Claim, levels: tuple[float, ...]) -> Finding:
    words = claim.value.strip().lower().split()
    level = next((float(word) for word in words if re.fullmatch(r"0?\.\d+", word)), None)
    sign = next((word for word in words if word in ("+", "-")), "")
    stars = cell.stars or 0
    common = {"printed": cell.printed, "inputs": [cell, claim], "computed": cell.interval}
    shown = f"{levels[stars - 1]:g}" if 0 < stars <= len(levels) else "ns"
    wrong = []
    if "ns" in words and stars:
        wrong.append("level")
    if "sig" in words and not stars:
        wrong.append("level")
    if level is not None and shown != f"{level:g}":
        wrong.append("level")
    if (sign == "+" and cell.interval.hi <= 0) or (sign == "-" and cell.interval.lo >= 0):
        wrong.append("sign")
    key = "differs" if wrong else "agrees"
    return judge("inconsistent" if wrong else "consistent", claim.at, key, said=claim.value, shown=shown, **common)


def variables_closed(cells: Cells, claims: Claims) -> list[Finding]:
    """42. Every variable of a table is defined, every defined variable appears; equation and sample share a level."""
    judge, found = Judge("variables_closed"), []
    defined = {claim.row: claim for claim in claims.of("variable")}
    study = next((claim.study for claim in claims), "")
    used = _used(cells)
    if not defined:
        return []
    for name, cell in used.items():
        if name in defined:
            continue
        found.append(judge("inconsistent", cell.place, "undefined", printed=name, inputs=(cell,)))
    for name, claim in defined.items():
        place = Place(study, "", "", name)
        if not used:
            found.append(judge.missing(place, "tables", inputs=[claim]))
        else:
            outcomes = {c.outcome for c in columns_of(cells)} | {c.value for c in claims.of("outcome")}
            there = name in used or name in outcomes
            if not there and lacks_tables(cells, claims):
                found.append(judge.missing(place, "tables", inputs=[claim]))
                continue
            verdict, key = ("consistent", "appears") if there else ("inconsistent", "unused")
            found.append(judge(verdict, place, key, printed=name, inputs=[claim]))
    equation, data = claims.says("equation_level"), claims.says("data_level")
    if equation and data:
        verdict = "consistent" if equation == data else "inconsistent"
        inputs = [*claims.of("equation_level"), *claims.of("data_level")]
        found.append(
            judge(verdict, Place(study, "", "", "equation"), "level", printed=equation, inputs=inputs, data=data)
        )
    return found


def _used(cells: Cells) -> dict[str, Cell]:
    """Return the variables of all tables with the first cell that shows each."""
    used: dict[str, Cell] = {}
    instruments = re.compile(r"iv\d*|instrument.*|工具变量", re.IGNORECASE)
    for column in columns_of(cells):
        for term in column.slopes:
            name = re.sub(r"^(L|D|LD)\d*\.|^W\s*[.*x×]\s*", "", term.name)
            if not instruments.fullmatch(name) and not labels.spatial_effect(name)[0]:
                used.setdefault(name, term.coef)
    for moments in moments_of(cells):
        used.setdefault(moments.variable, next(iter(moments.cells.values())))
    for matrix in correlations_of(cells):
        for (name, _), group in matrix.cells.items():
            used.setdefault(name, group[0])
    return used


def contents(cells: Cells) -> dict[str, set[str]]:
    """Return what each table holds, by statistic."""
    found: dict[str, set[str]] = {}
    for group, kind in (
        (columns_of(cells), "regression"),
        ([m.place for m in moments_of(cells)], "descriptives"),
        ([m.place for m in correlations_of(cells)], "correlations"),
        ([e.column for e in spatial_effects_of(cells)], "regression"),
    ):
        for item in group:
            found.setdefault(item.table, set()).add(kind)
    for cell in cells:
        kind = {"moran_I": "moran", "chi2": "lm", "text": "definitions"}.get(cell.statistic, "")
        if kind:
            found.setdefault(cell.table, set()).add(kind)
    return found


def captions(cells: Cells, claims: Claims) -> list[Finding]:
    """43. Captions match contents; effect rows carry the names of the text; tables and figures cited exist."""
    judge, found = Judge("labels"), []
    holds = contents(cells)
    notes = [Claim(c.study, "caption", c.table, c.column, c.row, c.text) for c in cells if c.statistic == "caption"]
    for claim in (*claims.of("caption"), *notes):
        said = [kind for kind, pattern in _KINDS.items() if re.search(pattern, claim.value, re.IGNORECASE)]
        place = Place(claim.study, claim.table, claim.column, "caption")
        there = holds.get(claim.table, set())
        common = {"printed": claim.value, "inputs": [claim], "holds": ", ".join(sorted(there)) or "-"}
        if not said or not there:
            found.append(judge.missing(place, "caption", printed=claim.value, inputs=[claim]))
        else:
            verdict, key = ("consistent", "caption") if set(said) & there else ("inconsistent", "other_caption")
            found.append(judge(verdict, place, key, **common))
    for (_, table), columns in tables_of(columns_of(cells)).items():
        found.extend(_effect_names(judge, claims, table, columns))
    return found + [_cites(judge, cells, claims, claim) for claim in claims.of("cites")]


def _effect_names(judge: Judge, claims: Claims, table: str, columns: list[Column]) -> Iterable[Finding]:
    claim = claims.one("effects", table)
    if claim is None:
        return
    said = " ".join(listed(claim.value)).lower()
    rows = dict.fromkeys(label for column in columns for label in column.info if labels.effect_kind(label))
    for row in rows:
        kind = labels.effect_kind(row)
        words = re.sub(r"\b(fe|fes|effects?|fixed|id)\b|固定|效应|[\s_-]", " ", row.lower()).split()
        named = kind in ("time", "both") or all(word in said for word in words) if words else True
        if kind == "time":
            named = re.search(r"year|time|年|时间", said) is not None
        verdict, key = ("consistent", "effects") if named else ("inconsistent", "other_effects")
        yield judge(verdict, columns[0].at(row), key, printed=row, inputs=[claim], said=claim.value)


def _cites(judge: Judge, cells: Cells, claims: Claims, claim: Claim) -> Finding:
    target = claim.value.strip().lower()
    number = target.removeprefix("table").strip()
    tables = known_tables(cells, claims) if cells else set()
    exists = {c.value.strip().lower() for c in claims.of("exists")}
    place = Place(claim.study, number if target.startswith("table") else "", "", target)
    common = {"printed": claim.value, "inputs": [claim]}
    if not (target.startswith("table") and number in tables) and target not in exists:
        if not tables:
            return judge.missing(place, "tables", **common)
        return judge("inconsistent", place, "no_object", **common)
    rows = {cell.row.lower() for cell in cells if cell.table == number}
    if not rows and listed(claim.row):
        return judge.missing(place, "tables", **common)
    lacking = [row for row in listed(claim.row) if row.lower() not in rows] if target.startswith("table") else []
    if lacking:
        return judge("inconsistent", place, "no_rows", lacking=", ".join(lacking), **common)
    return judge("consistent", place, "exists", **common)


def stated_claims(cells: Cells, claims: Claims) -> list[Finding]:
    """44. Mechanisms and robustness claims have a table or figure; abstracts in two languages state the same."""
    judge, found = Judge("claims"), []
    tables = known_tables(cells, claims) if cells else set()
    exists = {c.value.strip().lower() for c in claims.of("exists")}
    for claim in (*claims.of("mechanism"), *claims.of("robustness")):
        place = Place(claim.study, claim.table, "", claim.row)
        target = claim.value.strip().lower()
        common = {"printed": claim.row, "inputs": [claim], "target": claim.value or "-"}
        if not tables and not exists:
            found.append(judge.missing(place, "tables", inputs=[claim]))
        elif target and (target.removeprefix("table").strip() in tables or target in exists):
            found.append(judge("consistent", place, "shown", **common))
        else:
            found.append(judge("inconsistent", place, "no_table", **common))
    statements: dict[str, dict[str, Claim]] = {}
    for claim in claims.of("statement"):
        statements.setdefault(claim.row, {})[claim.column] = claim
    for row, said in statements.items():
        place = Place(next(iter(said.values())).study, "", "", row)
        inputs = list(said.values())
        if {"en", "zh"} <= set(said):
            same = said["en"].value.strip().lower() == said["zh"].value.strip().lower()
            verdict, key = ("consistent", "same") if same else ("inconsistent", "languages")
            printed = f"en: {said['en'].value}; zh: {said['zh'].value}"
            found.append(judge(verdict, place, key, printed=printed, inputs=inputs))
        else:
            lacking = "zh" if "en" in said else "en"
            found.append(
                judge("inconsistent", place, "one_language", printed=inputs[0].value, inputs=inputs, lacking=lacking)
            )
    return found
