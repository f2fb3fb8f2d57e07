"""Which number of ours a printed cell speaks of: derived from labels, or declared by the study; never guessed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citypanel.ledger import labels
from citypanel.ledger.our_columns import Labels, OurColumn, bare, match_columns, our_columns
from citypanel.ledger.ours import COUNTS, Spot
from citypanel.ledger.printed import TEXTUAL, Cell
from citypanel.result import Record

BESIDE = {"t": "statistic", "se": "se", "p": "p"}  # readings of what stands beside a coefficient
_STATISTICS = {
    "ar1": ("ar1_z",),
    "ar2": ("ar2_z",),
    "hansen": ("hansen", "hansen_j", "sargan"),
    "lr": ("lr_vs_sar",),
}
_FIELDS = {"coef": "estimate", "ci_low": "ci_low", "ci_high": "ci_high"}
_BELOW = {"estimate": "", "statistic": "_z", "se": "_se", "p": "_p"}  # what stands beside a parameter kept as statistic


@dataclass(frozen=True)
class Said:
    """A row that states the specification (effects, outcome, controls): ours, and whether it agrees."""

    ours: str
    agrees: bool


@dataclass(frozen=True)
class Unmatched:
    """No number of ours answers to a cell: `what` is missing (column, row, statistic, reading, record, table)."""

    what: str
    found: str = ""


@dataclass(frozen=True)
class Words:
    """The cell holds words that no number answers to."""


Target = Spot | Said | Unmatched | Words


@dataclass(frozen=True)
class Table:
    """A printed table with the exhibit of ours that it belongs to."""

    exhibit: Mapping[str, Any]
    records: Mapping[str, Record]
    cells: Sequence[Cell]
    columns: Mapping[str, OurColumn | None]
    labels: Labels
    reading: Callable[[str], str]

    def declared(self, row: str) -> tuple[str, ...]:
        """Return what the study says that a printed row is."""
        return tuple((self.exhibit.get("matching") or {}).get("rows", {}).get(row, ()))


def table_of(
    exhibit: Mapping[str, Any],
    cells: Sequence[Cell],
    records: Mapping[str, Record],
    names: Labels,
    reading: Callable[[str], str],
) -> Table:
    """Return the printed table with its columns matched to ours.

    Parameters
    ----------
    exhibit : as `declare.printed.ledger_slice` gives it.
    cells : the cells of one printed table.
    records : by analysis.
    names : labels of variables and terms in both languages.
    reading : what a statistic beside coefficients means in this table: t, se, p, or a blank.
    """
    printed = list(dict.fromkeys(cell.column for cell in cells))
    declared = (exhibit.get("matching") or {}).get("columns", {})
    columns = match_columns(printed, our_columns(exhibit, records, names), declared)
    return Table(exhibit, records, cells, columns, names, reading)


def target_of(cell: Cell, table: Table) -> Target:
    """Return what of ours a printed cell speaks of."""
    kind = table.exhibit["kind"]
    specifies = cell.statistic in ("info", "dep_var")
    if kind == "variables" or (cell.statistic in TEXTUAL and not specifies):
        return Words()
    if kind in _WITHOUT_COLUMNS:
        return _WITHOUT_COLUMNS[kind](cell, table)
    column = table.columns.get(cell.column)
    if column is None:
        return Unmatched("column", cell.column)
    answer = _said if specifies else {"moran": _moran, "spatial_lm": _test}.get(kind, _estimate)
    return answer(cell, column, table)


def _estimate(cell: Cell, column: OurColumn, table: Table) -> Target:
    """Return the coefficient, effect or statistic of a regression or spatial column."""
    field = _field(cell, table)
    if not field:
        return Unmatched("reading", cell.statistic)
    if declared := table.declared(cell.row):
        spots = [spot for wanted in declared if (spot := _named_spot(wanted, field, column)) is not None]
        return spots[0] if spots else Unmatched("row", cell.row)
    if cell.statistic == "stat":
        return _statistic(cell, column)
    kind, name = labels.spatial_effect(cell.row)
    if kind:
        return _effect(kind, name, field, column, table)
    return _parameter(cell, field, column, table)


def _parameter(cell: Cell, field: str, column: OurColumn, table: Table) -> Target:
    """Return a regressor by its name or label, else a spatial parameter by its Greek letter."""
    term = term_named(cell.row, column.terms, table.labels)
    for pattern, parameter in (("rho|ρ", "rho"), ("lambda|λ", "lambda")):
        if term is None and re.search(pattern, cell.row, re.IGNORECASE) and parameter in column.terms:
            term = parameter
    if term is not None:
        return Spot(column.analysis, column.number, "term", term, field)
    if re.search(r"sigma|σ|variance", cell.row, re.IGNORECASE) and "sigma2" in column.result.stats:
        return Spot(column.analysis, column.number, "stat", f"sigma2{_BELOW.get(field, '')}")
    return Unmatched("row", cell.row)


def _field(cell: Cell, table: Table) -> str:
    if cell.statistic in _FIELDS:
        return _FIELDS[cell.statistic]
    if cell.statistic in ("effect", "stat", "value", "chi2"):
        return "estimate"
    return BESIDE.get(table.reading(cell.statistic), "")


def _effect(kind: str, name: str, field: str, column: OurColumn, table: Table) -> Target:
    rows = column.record.curves.get("impacts") or ()
    there = [str(row["term"]) for row in rows if str(row.get("column", column.number)) == column.number]
    if not there:
        return Unmatched("effects", kind)
    term = term_named(name, there, table.labels) if name else there[0]
    if term is None:
        return Unmatched("row", name)
    return Spot(column.analysis, column.number, "curve", "impacts", field, (("term", term), ("effect", kind)))


def _named_spot(wanted: str, field: str, column: OurColumn) -> Spot | None:
    """Return the spot of a declared name: a term, else a statistic with what stands beside it."""
    if wanted in column.terms:
        return Spot(column.analysis, column.number, "term", wanted, field)
    name = f"{wanted}{_BELOW.get(field, '')}"
    known = name in COUNTS or name in column.result.stats
    return Spot(column.analysis, column.number, "stat", name) if known else None


def _statistic(cell: Cell, column: OurColumn) -> Target:
    said = labels.statistic_of(cell.row)
    names = _STATISTICS.get(said, (said,)) if said else ()
    if said == "first_stage_f":
        text = cell.row.lower()
        names = ("cragg_donald_f",) if "cragg" in text else ("kp_rk_f",) if re.search("kleib|k-?p", text) else (said,)
    for name in names:
        if name in COUNTS or name in column.result.stats:
            return Spot(column.analysis, column.number, "stat", name)
    return Unmatched("row" if not said else "statistic", cell.row)


def term_named(printed: str, terms: Sequence[str], names: Labels) -> str | None:
    """Return the term that a printed row calls by its name, its label, or as a constant or lag."""
    if labels.is_constant(printed):
        return "Intercept" if "Intercept" in terms else None
    wanted = _lagged(bare(printed))
    for term in terms:
        known = {_lagged(bare(term)), *(bare(text) for text in names.get(term, {}).values())}
        if wanted in known:
            return term
    return None


def _lagged(name: str) -> str:
    """Return a lag with its number: L.y is L1.y."""
    return re.sub(r"^l\.", "l1.", name)


def _said(cell: Cell, column: OurColumn, table: Table) -> Target:
    """Return whether a row of the specification (outcome, effects, controls) is declared likewise."""
    if cell.row == "dep_var" or cell.statistic == "dep_var":
        return Said(column.outcome, term_named(cell.text, [column.outcome], table.labels) is not None)
    says = labels.is_yes(cell.text)
    if says is None:
        return Words()
    declared = [name.removeprefix("fe:") for name in table.declared(cell.row) if name.startswith("fe:")]
    kind = labels.effect_kind(cell.row)
    if declared or kind in ("unit", "time", "both"):
        has = _has_effects(column, declared, kind)
    elif labels.hides_controls(cell.row):
        printed = {other.row for other in table.cells if other.column == cell.column and other.statistic == "coef"}
        shown = {term_named(row, column.terms, table.labels) for row in printed}
        has = bool(set(column.terms) - shown - {"Intercept"})
    else:
        return Unmatched("row", cell.row)
    return Said("yes" if has else "no", has == says)


def _has_effects(column: OurColumn, declared: Sequence[str], kind: str) -> bool:
    effects = column.result.fixed_effects
    if declared:
        return set(declared) <= set(effects)
    kinds = {labels.effect_kind(f"{effect} FE") for effect in effects}
    if column.record.method == "gmm":
        # Differences, or the level equation's instruments, take the effects of units out.
        kinds |= {"unit", "time"} if column.result.vcov.get("time_dummies") else {"unit"}
    return {"unit", "time"} <= kinds if kind == "both" else kind in kinds


def _moment(cell: Cell, table: Table) -> Target:
    analysis = table.exhibit["analyses"][0]
    moment, variable = labels.moment_of(cell.column), cell.row
    if not moment:
        moment, variable = labels.moment_of(cell.row), cell.column
    if not moment:
        return Unmatched("statistic", cell.column)
    record = table.records.get(analysis)
    if record is None:
        return Unmatched("record", analysis)
    there = list(dict.fromkeys(str(row["variable"]) for row in record.curves.get("describe") or ()))
    name = _variable(variable, there, table)
    if name is None:
        return Unmatched("row", variable)
    return Spot(analysis, "1", "curve", "describe", moment, (("variable", name),))


def _variable(printed: str, there: Sequence[str], table: Table) -> str | None:
    """Return the variable that a printed name stands for: declared, by name, or by label."""
    declared = next((name for name in table.declared(printed) if name in there), None)
    return declared or term_named(printed, there, table.labels)


def _correlation(cell: Cell, table: Table) -> Target:
    analysis = table.exhibit["analyses"][0]
    factor = next((name for name in (cell.row, cell.column) if re.search(r"vif", name, re.IGNORECASE)), "")
    if factor:
        return _inflation(cell, factor, table)
    record = table.records.get(analysis)
    if record is None:
        return Unmatched("record", analysis)
    rows = record.curves.get("correlation") or ()
    there = list(dict.fromkeys(str(row[key]) for row in rows for key in ("row", "column")))
    pair = [_variable(name, there, table) for name in (cell.row, cell.column)]
    missing = [printed for printed, name in zip((cell.row, cell.column), pair, strict=True) if name is None]
    if missing:
        return Unmatched("row", missing[0])
    orders = [(str(row["row"]), str(row["column"])) for row in rows]
    one, two = str(pair[0]), str(pair[1])
    first, second = (one, two) if (one, two) in orders else (two, one)
    return Spot(analysis, "1", "curve", "correlation", "r", (("row", first), ("column", second)))


def _inflation(cell: Cell, factor: str, table: Table) -> Target:
    """Return the variance inflation factor of a variable, or their mean."""
    aside = table.exhibit.get("aside") or ()
    if not aside:
        return Unmatched("row", factor)
    if re.search(r"mean|average|均值|平均", f"{cell.row} {cell.column}", re.IGNORECASE):
        return Spot(aside[0], "1", "stat", "mean_vif")
    record = table.records.get(aside[0])
    terms = [term.term for term in record.columns[0].terms] if record and record.columns else []
    name = term_named(cell.column if factor == cell.row else cell.row, terms, table.labels)
    return Spot(aside[0], "1", "term", name, "estimate") if name else Unmatched("row", cell.row)


def _moran(cell: Cell, column: OurColumn, table: Table) -> Target:
    field = {"moran_I": "I", "value": "I", "coef": "I", "z": "z", "t": "z", "p": "p", "stat": "I"}.get(cell.statistic)
    if field is None:
        return Unmatched("statistic", cell.statistic)
    rows = column.record.curves.get("moran") or ()
    wanted = next(iter(table.declared(cell.row)), cell.row)
    if wanted not in {str(row["period"]) for row in rows}:
        return Unmatched("row", cell.row)
    return Spot(column.analysis, column.number, "curve", "moran", field, (("period", wanted),))


def _test(cell: Cell, column: OurColumn, table: Table) -> Target:
    """Return a Lagrange multiplier test, or a likelihood-ratio or Wald test of the Durbin model beside it."""
    ending = "_p" if cell.statistic == "p" else ""
    found = table.declared(cell.row) or ((labels.lm_test(cell.row),) if labels.lm_test(cell.row) else ())
    for name in found:
        if f"{name}{ending}" in column.result.stats:
            return Spot(column.analysis, column.number, "stat", f"{name}{ending}")
        if column.aside:
            return Spot(column.aside, column.number, "stat", f"{name}{ending}")
    return Unmatched("row", cell.row)


# Tables in which a column is no column of ours: a moment, a variable.
_WITHOUT_COLUMNS: dict[str, Callable[[Cell, Table], Target]] = {"descriptives": _moment, "correlations": _correlation}
