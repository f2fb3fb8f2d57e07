"""A table before it has a format: what stands in which cell, and the full number behind it."""

from dataclasses import dataclass
from typing import Literal

from citypanel.exhibits.decimals import grouped, rounded, typographic
from citypanel.exhibits.words import say

Number = float | int
Kind = Literal[
    "regression",
    "descriptives",
    "correlations",
    "variables",
    "moran",
    "spatial_lm",
    "spatial",
    "balance",
    "attrition",
    "mediation",
    "coverage",
    "size",
    "recovery",
]


@dataclass(frozen=True)
class Cell:
    """One cell: a number with its rounding, a text, or nothing.

    `text` is the rounded number with an ASCII minus, or the words. `value` is the unrounded number.
    """

    text: str = ""
    value: Number | None = None
    digits: int = 0
    stars: str = ""
    parenthesised: bool = False

    @property
    def numeric(self) -> bool:
        """Whether the cell holds a number."""
        return self.value is not None

    @property
    def printed(self) -> str:
        """Return the cell as a reader sees it, with a typographic minus and grouped thousands."""
        if not self.numeric:
            return self.text
        number = typographic(grouped(self.text))
        return (f"({number})" if self.parenthesised else number) + self.stars


EMPTY = Cell()


def number(value: Number | None, digits: int, *, stars: str = "", parenthesised: bool = False) -> Cell:
    """Return a cell with a rounded number; a missing number leaves the cell empty."""
    if value is None:
        return EMPTY
    return Cell(rounded(value, digits), value, digits, stars, parenthesised)


def words(text: str) -> Cell:
    """Return a cell with a text."""
    return Cell(text)


@dataclass(frozen=True)
class Head:
    """A column head over `span` columns."""

    text: str
    span: int = 1


@dataclass(frozen=True)
class Row:
    """One line. `key` names it for machines (term, statistic, variable), `statistic` what its numbers are."""

    label: str
    cells: tuple[Cell, ...]
    key: str
    statistic: str


@dataclass(frozen=True)
class Table:
    """A table in one language.

    `heads` are lines of column heads, the stub's own head is `stub`. `groups` are blocks of rows that stand
    apart. `columns` name the columns for machines. Every head line spans all columns, every row fills them.
    `prose` are the columns that hold sentences: they stand at the left and are broken into lines.
    """

    kind: Kind
    language: str
    title: str
    stub: str
    heads: tuple[tuple[Head, ...], ...]
    groups: tuple[tuple[Row, ...], ...]
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    simulated: bool
    prose: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse lines that do not fill the table: a shifted cell is a wrong number."""
        width = len(self.columns)
        spans = [sum(head.span for head in line) for line in self.heads]
        lengths = [len(row.cells) for row in self.rows]
        if any(length != width for length in (*spans, *lengths)):
            raise ValueError(f"a table of {width} columns has lines of {sorted({*spans, *lengths})}")

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows of all groups."""
        return tuple(row for group in self.groups for row in group)

    @property
    def mark(self) -> str:
        """Return the word that marks simulated data, or nothing."""
        return say("simulated", self.language) if self.simulated else ""

    @property
    def caption(self) -> str:
        """Return the title with the mark of simulated data."""
        if not self.simulated:
            return self.title
        return f"{self.title}{say('open', self.language)}{self.mark}{say('close', self.language)}"

    @property
    def column_titles(self) -> tuple[str, ...]:
        """Return for each column its heads from top to bottom, joined: what a flat file calls it."""
        lines = [[head.text for head in line for _ in range(head.span)] for line in self.heads]
        return tuple(" ".join(part for part in parts if part) for parts in zip(*lines, strict=True))
