"""Arithmetic on columns, as written in `study.yaml` and in formulas: parsed into a tree, never evaluated as code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from citypanel.errors import DeclarationError

FUNCTIONS = ("log", "log1p", "exp", "sqrt", "abs")
NESTING = 50  # deeper than any formula of the field; keeps a hostile one from exhausting the stack

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
      | (?P<shift>[LFD]\d*\.(?=[^\W\d]))
      | (?P<name>[^\W\d][\w.]*)
      | (?P<sign>[-+*/^():,|~=])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Name:
    """A column."""

    name: str


@dataclass(frozen=True)
class Shift:
    """A column of another period of the same unit: `L1.x` lag, `F1.x` lead, `D1.x` difference."""

    kind: str
    periods: int
    name: str


@dataclass(frozen=True)
class Call:
    """A function of one argument, one of `FUNCTIONS`; `I(...)` leaves no trace."""

    function: str
    argument: "Expression"


@dataclass(frozen=True)
class Operation:
    """`left operator right` with one of `+ - * / ^`."""

    operator: str
    left: "Expression"
    right: "Expression"


Expression = Number | Name | Shift | Call | Operation


def names_in(expression: Expression) -> Iterator[str]:
    """Yield the columns that an expression reads, in the order of writing."""
    return (column.name for column in columns_in(expression))


def columns_in(expression: Expression) -> Iterator[Name | Shift]:
    """Yield the places where an expression reads a column, of its own row or shifted, in the order of writing."""
    match expression:
        case Name() | Shift():
            yield expression
        case Call(_, argument):
            yield from columns_in(argument)
        case Operation(_, left, right):
            yield from columns_in(left)
            yield from columns_in(right)
        case Number():
            return


def parse_expression(text: str) -> Expression:
    """Parse `fdi / gdp`, `log(1 + n)`, `L1.quality` ...; raise `DeclarationError` that quotes the text."""
    reader = Reader(text)
    expression = reader.sum()
    reader.expect_end()
    return expression


class Reader:
    """Tokens of one text, read from left to right by recursive descent.

    Formulas use the same reader for their terms, so both speak one language of names and functions.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens(text))
        self.position = 0
        self.depth = 0

    def _tokens(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        stripped = text.rstrip()
        while at < len(stripped):
            match = _TOKEN.match(stripped, at)
            if match is None:
                self.refuse(f"'{stripped[at:].strip()[:20]}' is not part of the language")
            yield str(match.lastgroup), match[str(match.lastgroup)]
            at = match.end()

    def refuse(self, reason: str) -> NoReturn:
        """Raise the error of this text."""
        shown = self.text if len(self.text) <= 200 else self.text[:200] + "..."
        raise DeclarationError(f"formula '{shown}': {reason}")

    def peek(self) -> str:
        """Return the next token's text without taking it; empty at the end."""
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def kind(self) -> str:
        """Return the next token's kind; empty at the end."""
        return self.tokens[self.position][0] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        """Take the next token."""
        if self.position >= len(self.tokens):
            self.refuse("it ends too early")
        self.position += 1
        return self.tokens[self.position - 1][1]

    def accept(self, *signs: str) -> str:
        """Take the next token if it is one of `signs`, else return an empty text."""
        if self.kind() == "sign" and self.peek() in signs:
            return self.take()
        return ""

    def expect(self, sign: str) -> None:
        """Take `sign` or refuse."""
        if not self.accept(sign):
            found = f"'{self.peek()}'" if self.peek() else "the end"
            self.refuse(f"'{sign}' is expected where {found} stands")

    def expect_end(self) -> None:
        """Refuse whatever is left over."""
        if self.position < len(self.tokens):
            self.refuse(f"'{self.peek()}' is not expected there")

    def sum(self) -> Expression:
        """Read additions and subtractions."""
        self.depth += 1
        if self.depth > NESTING:
            self.refuse(f"it is nested more than {NESTING} deep")
        left = self.product()
        while sign := self.accept("+", "-"):
            left = Operation(sign, left, self.product())
        self.depth -= 1
        return left

    def product(self) -> Expression:
        """Read multiplications and divisions."""
        left = self.power()
        while sign := self.accept("*", "/"):
            left = Operation(sign, left, self.power())
        return left

    def power(self) -> Expression:
        """Read a sign and a power."""
        if self.accept("-"):
            return Operation("-", Number(0.0), self.power())
        base = self.atom()
        return Operation("^", base, self.power()) if self.accept("^") else base

    def atom(self) -> Expression:
        """Read a number, a column, a shifted column, a function or a bracket."""
        kind = self.kind()
        if kind == "number":
            return Number(float(self.take()))
        if kind == "shift":
            prefix = self.take()
            return Shift(prefix[0], int(prefix[1:-1] or 1), self.name())
        if kind == "name":
            name = self.take()
            return self._call(name) if self.peek() == "(" else Name(name)
        if self.accept("("):
            inner = self.sum()
            self.expect(")")
            return inner
        found = f"'{self.peek()}'" if self.peek() else "the end"
        return self.refuse(f"a column, a number or a function is expected where {found} stands")

    def name(self) -> str:
        """Read a bare column name."""
        if self.kind() != "name":
            self.refuse(f"a column is expected where '{self.peek() or 'the end'}' stands")
        return self.take()

    def _call(self, function: str) -> Expression:
        if function != "I" and function not in FUNCTIONS:
            self.refuse(f"'{function}' is not a function here; allowed: {', '.join(FUNCTIONS)}, I")
        self.expect("(")
        argument = self.sum()
        self.expect(")")
        return argument if function == "I" else Call(function, argument)
