"""Tables and figures as LaTeX (booktabs, threeparttable, siunitx): fragments to include, whole documents."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from citypanel.exhibits.characters import broken_lines, printable, text_width
from citypanel.exhibits.notes import joined_notes
from citypanel.exhibits.table import Cell, Head, Row, Table
from citypanel.exhibits.words import say
from citypanel.templating import environment

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After \\ a bracket would be read as an option, and so would a star.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\N{MINUS SIGN}": "$-$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{SUPERSCRIPT TWO}": "$^2$",
    "\N{EN DASH}": "--",
    "\N{SQUARE ROOT}": r"$\surd$",
    "\N{NOT EQUAL TO}": r"$\neq$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\leq$",
    "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
    "\N{NO-BREAK SPACE}": "~",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{INFINITY}": r"$\infty$",
    "\N{UNION}": r"$\cup$",
    "\N{EMPTY SET}": r"$\emptyset$",
    "χ": r"$\chi$",
    "δ": r"$\delta$",
    "ρ": r"$\rho$",
    "λ": r"$\lambda$",
    "σ": r"$\sigma$",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "τ": r"$\tau$",
}
# From wide to narrow: the text's size, half the space between columns (pt), the width of a digit (pt).
_SIZES = (("small", 6.0, 5.0), ("footnotesize", 4.0, 4.5), ("scriptsize", 3.0, 4.0))
_TEXT_WIDTH = 440.0  # pt, A4 with 2.5 cm margins, less a reserve
_TEXT_HEIGHT = 680.0
_LANDSCAPE_ROWS = 36  # more do not fit a page on its side: such a table stays upright and is scaled down
_NARROW = 0.75  # share of the page below which a table is stretched to four fifths of it
_PROSE_DIGIT = 5.2  # width of a letter of sentences (pt)
_HEAD_WIDTH = 14  # a head of one column is broken into lines of about this many letters


class Tex(str):
    """Text that is LaTeX already; everything else is escaped when a template shows it."""

    __slots__ = ()


def escaped(text: str) -> Tex:
    """Return user text as LaTeX that prints it, on one line, whatever characters it holds."""
    return Tex("".join(_ESCAPES.get(character, character) for character in printable(text)))


def _shown(value: object) -> str:
    return value if isinstance(value, Tex) else escaped(str(value))


def _environment() -> jinja2.Environment:
    return environment(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        finalize=_shown,
    )


def to_latex(table: Table, label: str = "") -> str:
    """Return a table as a fragment: a float for a document that loads the named packages."""
    fit = _fitting(table)
    lines = [_head_line(line, table.stub if line is table.heads[-1] else "", table.prose) for line in table.heads]
    rules = [_head_rules(line) for line in table.heads[:-1]]
    groups = [
        [Tex(" & ".join([escaped(row.label), *_row_cells(row, table)])) for row in group] for group in table.groups
    ]
    return (
        _environment()
        .get_template("table.tex.jinja")
        .render(
            caption=table.caption,
            label=Tex(re.sub(r"[^A-Za-z0-9:_-]", "-", label)),
            language=table.language,
            fit=fit,
            columns=_column_types(table),
            heads=list(zip(lines, [*rules, Tex("")], strict=True)),
            groups=groups,
            notes=joined_notes(table.notes, table.language) if table.notes else "",
        )
    )


def _row_cells(row: Row, table: Table) -> list[Tex]:
    cells = zip(row.cells, _counted(table), strict=True)
    return [escaped(c.text) if i in table.prose else _cell(c, counted) for i, (c, counted) in enumerate(cells)]


def _counted(table: Table) -> list[bool]:
    """Return for each column whether all of its numbers are whole: only then are they set as numbers."""
    return [all(cell.digits == 0 for cell in _numbers(table, i)) for i in range(len(table.columns))]


def _numbers(table: Table, position: int) -> list[Cell]:
    return [row.cells[position] for row in table.rows if row.cells[position].numeric]


def _cell(cell: Cell, counted: bool) -> Tex:  # noqa: FBT001 - mapped over columns
    if not cell.numeric:
        return Tex(f"{{{escaped(cell.text)}}}" if cell.text else "")
    if cell.digits == 0 and not counted:
        return Tex(f"{{{escaped(cell.printed)}}}")
    stars = rf"{{\sym{{{cell.stars}}}}}" if cell.stars else ""
    return Tex(f"{{(}}{cell.text}{{)}}{stars}" if cell.parenthesised else f"{cell.text}{stars}")


def _column_types(table: Table) -> Tex:
    """Return the columns: the stub, numbers, and columns of sentences that share the room left over."""
    stub = _PROSE_DIGIT * max((text_width(row.label) for row in table.rows), default=0)
    wanted = {
        i: _PROSE_DIGIT * max((text_width(row.cells[i].text) for row in table.rows), default=8) for i in table.prose
    }
    cap = _shared(list(wanted.values()), _TEXT_WIDTH - stub - 2 * _SIZES[0][1] * (len(table.columns) + 1))
    types = [
        rf">{{\raggedright\arraybackslash}}p{{{min(wanted[i], cap):.0f}pt}}" if i in wanted else _column_type(table, i)
        for i in range(len(table.columns))
    ]
    return Tex("l" + "".join(types))


def _shared(wanted: list[float], room: float) -> float:
    """Return the width above which columns are cut so that all fit: the wide ones give, the narrow ones do not."""
    left = sorted(wanted)
    while left and left[0] <= room / len(left):
        room -= left.pop(0)
    return room / len(left) if left else max(wanted, default=0.0)


def _column_type(table: Table, position: int) -> str:
    """Return an S column with exactly the room its numbers need, or a centred column without numbers."""
    counted = _counted(table)[position]
    cells = [cell for cell in _numbers(table, position) if counted or cell.digits]
    if not cells:
        return "c"
    sign = "-" if any(cell.text.startswith("-") for cell in cells) else ""
    whole = max(len(cell.text.lstrip("-").partition(".")[0]) for cell in cells)
    digits = max(cell.digits for cell in cells)
    stars = max((cell.stars for cell in cells), key=len)
    parentheses = any(cell.parenthesised for cell in cells)
    options = [f"table-format={sign}{whole}.{digits}"]
    if parentheses:
        options.append("table-space-text-pre={(}")
    if stars or parentheses:
        after = rf"\sym{{{stars}}}" if stars else ")"
        options.append(f"table-space-text-post={{{after}}}")
    return f"S[{','.join(options)}]"


def _head_line(line: Sequence[Head], stub: str, prose: Sequence[int]) -> Tex:
    cells, position = [escaped(stub)], 0
    for head in line:
        text = _broken(head.text, _HEAD_WIDTH * head.span)
        cells.append(Tex(rf"\multicolumn{{{head.span}}}{{{'l' if position in prose else 'c'}}}{{{text}}}"))
        position += head.span
    return Tex(" & ".join(cells))


def _head_rules(line: Sequence[Head]) -> Tex:
    """Return the short rules under heads that span several columns."""
    rules, position = [], 2
    for head in line:
        if head.text and head.span > 1:
            rules.append(rf"\cmidrule(lr){{{position}-{position + head.span - 1}}}")
        position += head.span
    return Tex("".join(rules))


def _broken(text: str, width: int) -> Tex:
    """Return a head, broken at blanks (or between Chinese characters) where it is long."""
    lines = broken_lines(text, width)
    if len(lines) < 2:
        return escaped(text)
    joined = r"\\".join(escaped(line) for line in lines)
    return Tex(rf"\shortstack{{{joined}}}")


@dataclass(frozen=True)
class Fit:
    """How a table fits its page: text size, half the gap between columns, upright or not, stretched."""

    size: Tex
    gap: Tex
    environment: Tex
    stretched: bool


def _fitting(table: Table) -> Fit:
    """Return the largest setting in which the table fits; a narrow one is stretched to give notes room."""
    if table.prose:
        return Fit(Tex(_SIZES[0][0]), Tex(f"{_SIZES[0][1]:g}pt"), Tex("table"), stretched=False)
    stub = max((text_width(row.label) for row in table.rows), default=0)
    widths = [
        max((text_width(row.cells[position].printed) for row in table.rows), default=4)
        for position in range(len(table.columns))
    ]
    letters = stub + sum(map(max, widths, _head_widths(table)))
    for room, kind in ((_TEXT_WIDTH, "table"), (_TEXT_HEIGHT, "sidewaystable")):
        for size, gap, digit in _SIZES:
            width = letters * digit + 2 * gap * (len(widths) + 1)
            if width <= room:
                return Fit(Tex(size), Tex(f"{gap:g}pt"), Tex(kind), width < _NARROW * room)
        if len(table.rows) > _LANDSCAPE_ROWS:
            break
    size, gap, _ = _SIZES[-1]
    return Fit(Tex(size), Tex(f"{gap:g}pt"), Tex(kind), stretched=False)


def _head_widths(table: Table) -> list[int]:
    """Return for each column the width of its widest head or share of a head, as broken into lines."""
    lines = [[head for head in line for _ in range(head.span)] for line in table.heads]
    return [
        max((min(_HEAD_WIDTH, -(-text_width(head.text) // head.span)) for head in heads), default=0)
        for heads in zip(*lines, strict=True)
    ]


def figure_fragment(caption: str, notes: Sequence[str], file: str, *, language: str, label: str = "") -> str:
    """Return a figure as a fragment; `file` is the picture as the compiler shall find it."""
    return (
        _environment()
        .get_template("figure.tex.jinja")
        .render(
            caption=caption,
            label=Tex(re.sub(r"[^A-Za-z0-9:_-]", "-", label)),
            file=Tex(file),
            notes=joined_notes(notes, language) if notes else "",
        )
    )


@dataclass(frozen=True)
class Fragment:
    """An exhibit of a document: its file, and the number it has if that is declared.

    `counter` is `table` or `figure`; without one the number holds for either.
    """

    file: str
    counter: str = ""
    number: str = ""


def latex_document(title: str, fragments: Sequence[Fragment | str], language: str, *, simulated: bool) -> str:
    """Return a document of fragments that compiles with xelatex.

    Parameters
    ----------
    title : the study's title; empty for a single exhibit.
    fragments : files as the compiler shall find them, in order; those without a number are counted.
    """
    context: Mapping[str, Any] = {
        "title": title,
        "fragments": [_numbered(item if isinstance(item, Fragment) else Fragment(item)) for item in fragments],
        "language": language,
        "mark": say("simulated", language) if simulated else "",
    }
    return _environment().get_template("document.tex.jinja").render(context)


def _numbered(fragment: Fragment) -> tuple[Tex, Tex]:
    """Return the lines that set a fragment's number, and its file."""
    counters = (fragment.counter,) if fragment.counter else ("table", "figure")
    lines = [rf"\renewcommand{{\the{counter}}}{{{escaped(fragment.number)}}}" for counter in counters]
    return Tex("\n".join(lines) if fragment.number else ""), Tex(fragment.file)
