"""Tables as an econometrician reads them: terms, statistics and effects of each column, selected by statistic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from citypanel.ledger import labels
from citypanel.ledger.findings import Place
from citypanel.ledger.interval import Interval
from citypanel.ledger.printed import Cell

Cells = tuple[Cell, ...]
_BESIDE = ("paren", "t", "z", "se", "p", "ci_low", "ci_high")


@dataclass(frozen=True)
class Term:
    """A printed coefficient and what stands beside or below it."""

    name: str
    coef: Cell
    beside: Mapping[str, Cell] = field(default_factory=dict)

    @property
    def b(self) -> Interval:
        """The coefficient's interval."""
        return self.coef.interval

    @property
    def inputs(self) -> tuple[Cell, ...]:
        """The cells of the term."""
        return (self.coef, *self.beside.values())


@dataclass(frozen=True)
class Column:
    """One column of a regression table."""

    study: str
    table: str
    label: str
    terms: tuple[Term, ...]
    stats: Mapping[str, Cell]
    info: Mapping[str, str]
    outcome: str

    @property
    def place(self) -> Place:
        """The column's place, no row."""
        return Place(self.study, self.table, self.label, "")

    @property
    def slopes(self) -> tuple[Term, ...]:
        """The regressors: neither the constant nor parameters of the error or of the spatial term."""
        return tuple(
            term for term in self.terms if not labels.is_constant(term.name) and not labels.is_auxiliary(term.name)
        )

    @property
    def constant(self) -> Term | None:
        """The constant, if printed."""
        return next((term for term in self.terms if labels.is_constant(term.name)), None)

    @property
    def lags(self) -> tuple[Term, ...]:
        """The regressors that are lags or differences."""
        return tuple(term for term in self.slopes if labels.is_lag(term.name))

    @property
    def n(self) -> int | None:
        """Number of rows."""
        return self.count("n")

    @property
    def effects(self) -> dict[str, bool]:
        """The rows of effects that say yes or no: kind (time, unit, other) to answer."""
        answers: dict[str, bool] = {}
        for label, text in self.info.items():
            kind, answer = labels.effect_kind(label), labels.is_yes(text)
            for part in ("time", "unit") if kind == "both" else (kind,):
                if part and answer is not None:
                    answers[part] = answers.get(part, False) or answer
        return answers

    @property
    def hides_controls(self) -> bool:
        """Whether regressors stand behind a single line."""
        return any(labels.hides_controls(label) and labels.is_yes(text) for label, text in self.info.items())

    def term(self, name: str) -> Term | None:
        """Return the term of that name."""
        return next((term for term in self.terms if term.name == name), None)

    def count(self, statistic: str) -> int | None:
        """Return a printed whole number."""
        cell = self.stats.get(statistic)
        return round(cell.number.value) if cell and cell.number else None

    def cell(self, statistic: str) -> Cell | None:
        """Return a statistic's cell if it holds a number."""
        cell = self.stats.get(statistic)
        return cell if cell and cell.number else None

    def at(self, row: str) -> Place:
        """Return the place of a row, or of a statistic by its normalised name, as it is printed in this column."""
        printed = self.stats[row].row if row in self.stats else row
        return Place(self.study, self.table, self.label, printed)


@lru_cache(maxsize=16)
def columns_of(cells: Cells) -> tuple[Column, ...]:
    """Return all regression columns (columns with at least one coefficient) in printed order."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.study, cell.table, cell.column), []).append(cell)
    return tuple(_column(key, group) for key, group in groups.items() if any(c.statistic == "coef" for c in group))


def _column(key: tuple[str, str, str], cells: Sequence[Cell]) -> Column:
    beside: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        if cell.statistic in _BESIDE and cell.number:
            beside.setdefault(cell.row, {})[cell.statistic] = cell
    terms = tuple(
        Term(cell.row, cell, beside.get(cell.row, {})) for cell in cells if cell.statistic == "coef" and cell.number
    )
    stats: dict[str, Cell] = {}
    for cell in cells:
        if cell.statistic in ("stat", "value", "chi2"):
            stats.setdefault(labels.statistic_of(cell.row) or cell.row, cell)
    info = {cell.row: cell.text for cell in cells if cell.statistic == "info" and cell.row != "dep_var"}
    outcome = next((cell.text for cell in cells if cell.row == "dep_var" or cell.statistic == "dep_var"), "")
    return Column(*key, terms, stats, info, outcome)


def tables_of(columns: Sequence[Column]) -> dict[tuple[str, str], list[Column]]:
    """Group columns by study and table."""
    groups: dict[tuple[str, str], list[Column]] = {}
    for column in columns:
        groups.setdefault((column.study, column.table), []).append(column)
    return groups


@dataclass(frozen=True)
class Moments:
    """One variable of a descriptive table."""

    variable: str
    place: Place
    cells: Mapping[str, Cell]

    def interval(self, moment: str) -> Interval | None:
        """Return a moment's interval, or None if it is not printed."""
        cell = self.cells.get(moment)
        return cell.interval if cell and cell.number else None

    @property
    def n(self) -> int | None:
        """Number of rows."""
        cell = self.cells.get("n")
        return round(cell.number.value) if cell and cell.number else None


@lru_cache(maxsize=16)
def moments_of(cells: Cells) -> tuple[Moments, ...]:
    """Return the variables of all descriptive tables, whichever way round they are printed."""
    found: dict[tuple[str, str, str], dict[str, Cell]] = {}
    for cell in cells:
        if cell.statistic not in ("value", "stat"):
            continue
        across, down = labels.moment_of(cell.column), labels.moment_of(cell.row)
        if across and (cell.statistic == "value" or not down):
            found.setdefault((cell.study, cell.table, cell.row), {})[across] = cell
        elif down and cell.statistic == "value":
            found.setdefault((cell.study, cell.table, cell.column), {})[down] = cell
    return tuple(
        Moments(variable, Place(study, table, "", variable), group)
        for (study, table, variable), group in found.items()
        if len(group) >= 2
    )


@dataclass(frozen=True)
class Correlations:
    """A printed correlation matrix; `cells` holds each pair under both orders."""

    place: Place
    variables: tuple[str, ...]
    cells: Mapping[tuple[str, str], tuple[Cell, ...]]

    def between(self, one: str, two: str) -> Interval | None:
        """Return the correlation of two variables, or None if it is not printed."""
        cells = self.cells.get((one, two))
        return cells[0].interval if cells else None


@lru_cache(maxsize=16)
def correlations_of(cells: Cells) -> tuple[Correlations, ...]:
    """Return all printed correlation matrices."""
    tables: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.statistic in ("pearson_r", "r", "correlation") and cell.number:
            tables.setdefault((cell.study, cell.table), []).append(cell)
    found = []
    for (study, table), group in tables.items():
        pairs: dict[tuple[str, str], tuple[Cell, ...]] = {}
        for cell in group:
            for pair in dict.fromkeys(((cell.row, cell.column), (cell.column, cell.row))):
                pairs[pair] = (*pairs.get(pair, ()), cell)
        names = tuple(dict.fromkeys(name for cell in group for name in (cell.column, cell.row)))
        found.append(Correlations(Place(study, table), names, pairs))
    return tuple(found)


@dataclass(frozen=True)
class SpatialEffects:
    """Direct, indirect and total effect of one regressor in one column."""

    column: Column
    term: Term | None
    effects: Mapping[str, Cell]

    def interval(self, kind: str) -> Interval | None:
        """Return an effect's interval, or None if it is not printed."""
        cell = self.effects.get(kind)
        return cell.interval if cell and cell.number else None


@lru_cache(maxsize=16)
def spatial_effects_of(cells: Cells) -> tuple[SpatialEffects, ...]:
    """Return the effects of all spatial columns; a row without a name speaks of the column's first regressor."""
    groups: dict[tuple[str, str, str, str], dict[str, Cell]] = {}
    for cell in cells:
        kind, name = labels.spatial_effect(cell.row)
        if cell.statistic == "effect" and kind and cell.number:
            groups.setdefault((cell.study, cell.table, cell.column, name), {})[kind] = cell
    known = {(column.study, column.table, column.label): column for column in columns_of(cells)}
    found = []
    for (study, table, label, name), effects in groups.items():
        column = known.get((study, table, label)) or Column(study, table, label, (), {}, {}, "")
        term = column.term(name) if name else next(iter(column.slopes), None)
        found.append(SpatialEffects(column, term, effects))
    return tuple(found)
