"""fixest formulas with macros: `y ~ x + ..controls | city + year | endogenous ~ instrument`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from citypanel.declare.expression import Expression, Name, Number, Reader, names_in
from citypanel.errors import DeclarationError

_MACRO = re.compile(r"\.\.([^\W\d]\w*)")


@dataclass(frozen=True)
class Factor:
    """`i(x)`: an indicator per value of `x` but the first, or but `ref=`; `i(x, z)`: those indicators times `z`."""

    name: str
    by: str | None
    reference: str | None


@dataclass(frozen=True)
class Term:
    """One regressor as written: the product of its parts (`x`, `log(x)`, `a:b`, `i(year, treated)`)."""

    text: str
    parts: tuple[Expression | Factor, ...]

    def names(self) -> Iterator[str]:
        """Yield the columns the term reads."""
        for part in self.parts:
            if isinstance(part, Factor):
                yield part.name
                if part.by is not None:
                    yield part.by
            else:
                yield from names_in(part)


@dataclass(frozen=True)
class Formula:
    """A parsed formula. `effects` holds one tuple of columns per fixed effect (`a^b` combines two)."""

    text: str
    outcome: Term
    regressors: tuple[Term, ...]
    intercept: bool
    effects: tuple[tuple[str, ...], ...]
    endogenous: tuple[Term, ...]
    instruments: tuple[Term, ...]

    def names(self) -> tuple[str, ...]:
        """Return every column the formula reads, each once, in the order of writing."""
        terms = (self.outcome, *self.regressors, *self.endogenous, *self.instruments)
        found: Iterable[str] = [name for term in terms for name in term.names()]
        effects = [name for effect in self.effects for name in effect]
        return tuple(dict.fromkeys([*found, *effects]))

    @property
    def effect_names(self) -> tuple[str, ...]:
        """Return the fixed effects as written, `province^year` for a combined one."""
        return tuple("^".join(effect) for effect in self.effects)


def expand_macros(text: str, macros: Mapping[str, str]) -> str:
    """Replace `..name` by the macro's text, macros inside macros included."""
    for _ in range(len(macros) + 1):
        found = _MACRO.search(text)
        if found is None:
            return text
        if found[1] not in macros:
            known = ", ".join(f"..{name}" for name in macros) or "none is declared"
            raise DeclarationError(f"formula '{text}': macro '..{found[1]}' is unknown; known: {known}")
        text = _MACRO.sub(lambda match: macros.get(match[1], match[0]), text)
    raise DeclarationError(f"formula '{text[:200]}': a macro contains itself")


def parse_formula(text: str, macros: Mapping[str, str] | None = None) -> Formula:
    """Parse a formula.

    Raises
    ------
    DeclarationError
        The message quotes the formula, what was found and what is expected.
    """
    expanded = expand_macros(text, macros or {})
    reader = Reader(expanded)
    outcome = _outcome(reader)
    reader.expect("~")
    regressors, intercept = _terms(reader)
    effects: tuple[tuple[str, ...], ...] = ()
    endogenous: tuple[Term, ...] = ()
    instruments: tuple[Term, ...] = ()
    if "|" in expanded:
        parts = _later_parts(reader)
        effects, endogenous, instruments = parts
    reader.expect_end()
    return Formula(expanded, outcome, regressors, intercept and not effects, effects, endogenous, instruments)


def parse_terms(text: str, macros: Mapping[str, str] | None = None) -> tuple[Term, ...]:
    """Parse a one-sided list of terms: `gdp + open + log(wage)`."""
    reader = Reader(expand_macros(text, macros or {}))
    reader.accept("~")
    terms, _ = _terms(reader)
    reader.expect_end()
    return terms


def formula_names(text: str) -> tuple[str, ...]:
    """Return the columns that a formula, or a one-sided list of terms, reads; each once, macros filled in."""
    if "~" in text.strip()[1:]:
        return parse_formula(text).names()
    return tuple(dict.fromkeys(name for term in parse_terms(text) for name in term.names()))


def _outcome(reader: Reader) -> Term:
    start = reader.position
    expression = reader.sum()
    return Term(_written(reader, start), (expression,))


def _later_parts(
    reader: Reader,
) -> tuple[tuple[tuple[str, ...], ...], tuple[Term, ...], tuple[Term, ...]]:
    reader.expect("|")
    start = reader.position
    first, _ = _terms(reader)
    if reader.accept("~"):
        return (), first, _instruments(reader)
    reader.position = start
    effects = _effects(reader)
    if not reader.accept("|"):
        return effects, (), ()
    endogenous, _ = _terms(reader)
    reader.expect("~")
    return effects, endogenous, _instruments(reader)


def _instruments(reader: Reader) -> tuple[Term, ...]:
    terms, _ = _terms(reader)
    return terms


def _effects(reader: Reader) -> tuple[tuple[str, ...], ...]:
    if reader.peek() == "0" and reader.kind() == "number":
        reader.take()
        return ()
    effects = []
    while True:
        names = [reader.name()]
        while reader.accept("^"):
            names.append(reader.name())
        effects.append(tuple(names))
        if not reader.accept("+"):
            return tuple(dict.fromkeys(effects))


def _terms(reader: Reader) -> tuple[tuple[Term, ...], bool]:
    """Read `x + a:b + a*b - 1`; return the terms, each once, and whether an intercept stays."""
    terms: list[Term] = []
    intercept = True
    sign = reader.accept("+", "-") or "+"
    while True:
        if reader.kind() == "number" and reader.peek() in ("0", "1"):
            intercept = (reader.take() == "1") == (sign == "+")
        elif sign == "-":
            reader.refuse("only '- 1' can be subtracted; leave a regressor out instead")
        else:
            terms.extend(_crossed(reader))
        sign = reader.accept("+", "-")
        if not sign:
            return tuple({term.text: term for term in terms}.values()), intercept


def _crossed(reader: Reader) -> list[Term]:
    """Read `a`, `a:b` or `a*b`, the last of which stands for `a + b + a:b`."""
    factors = [_interacted(reader)]
    while reader.accept("*"):
        factors.append(_interacted(reader))
    sizes = range(1, len(factors) + 1)
    chosen = [group for size in sizes for group in combinations(factors, size)]
    return [Term(":".join(t.text for t in group), tuple(p for t in group for p in t.parts)) for group in chosen]


def _interacted(reader: Reader) -> Term:
    start = reader.position
    parts: list[Expression | Factor] = [_part(reader)]
    while reader.accept(":"):
        parts.append(_part(reader))
    return Term(_written(reader, start), tuple(parts))


def _part(reader: Reader) -> Expression | Factor:
    if reader.kind() == "name" and reader.peek() == "i":
        after = reader.position + 1
        if after < len(reader.tokens) and reader.tokens[after][1] == "(":
            return _factor(reader)
    part = reader.atom()
    if isinstance(part, Number):
        reader.refuse("a number is not a regressor")
    return part


def _factor(reader: Reader) -> Factor:
    reader.take()
    reader.expect("(")
    name, by, reference = reader.name(), None, None
    while reader.accept(","):
        word = reader.name()
        if word == "ref":
            reader.expect("=")
            reference = reader.accept("-") + reader.take()
        else:
            by = word
    reader.expect(")")
    return Factor(name, by, reference)


def _written(reader: Reader, start: int) -> str:
    """Return the tokens from `start` as one text without blanks: the name a term carries in the record."""
    return "".join(token for _, token in reader.tokens[start : reader.position])


def bare_name(term: Term) -> str | None:
    """Return the column if the term is nothing but one column, else None."""
    match term.parts:
        case (Name(name),):
            return name
    return None
