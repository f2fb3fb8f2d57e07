"""How the numbers of a table are shown, and the cells that follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citypanel.exhibits.decimals import rounded, typographic
from citypanel.exhibits.stars import stars_of
from citypanel.exhibits.table import EMPTY, Cell, number, words
from citypanel.exhibits.variance_notes import degrees_of_freedom
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, TermResult

DIGITS = {"t": 2, "z": 2, "p": 3, "f": 1, "estimate": 3}


@dataclass(frozen=True)
class Shown:
    """How numbers are shown: decimals, parentheses, stars, language."""

    exhibit: Mapping[str, Any]
    language: str

    @property
    def place(self) -> str:
        """Return what opens a message on the exhibit."""
        return f"study {self.exhibit.get('study')}, exhibit '{self.exhibit.get('exhibit')}'"

    def digits(self, what: str) -> int:
        """Return the decimals of a kind of number; `digits` is one number, or one per kind."""
        declared = self.exhibit.get("digits", DIGITS["estimate"])
        if isinstance(declared, Mapping):
            return int(declared.get(what, DIGITS.get(what, declared.get("estimate", DIGITS["estimate"]))))
        return DIGITS.get(what, int(declared)) if what != "estimate" else int(declared)

    @property
    def levels(self) -> tuple[float, ...]:
        """Return the star levels, the widest first."""
        return tuple(sorted(self.exhibit.get("stars", (0.1, 0.05, 0.01)), reverse=True))

    def parenthesis(self, column: ColumnResult) -> str:
        """Return what stands beneath a coefficient: se, t, z or p; `auto` is se where there is one."""
        asked = self.exhibit.get("parentheses", "auto")
        if asked == "auto":
            has_errors = any(term.se is not None for term in column.terms) or not column.terms
            asked = "se" if has_errors else "t"
        if asked == "t" and degrees_of_freedom(column) is None:
            return "z"
        return str(asked)

    def estimate(self, term: TermResult | None) -> Cell:
        """Return an estimate with its stars."""
        if term is None:
            return EMPTY
        if term.estimate is None:
            return words(say("omitted", self.language))
        return number(term.estimate, self.digits("estimate"), stars=stars_of(term.p, self.levels))

    def beneath(self, term: TermResult | None, what: str) -> Cell:
        """Return what stands beneath an estimate, in parentheses."""
        if term is None or term.estimate is None:
            return EMPTY
        value = {"se": term.se, "p": term.p}.get(what, term.statistic)
        return number(value, self.digits(what), parenthesised=True)

    def statistic(self, value: object, name: str) -> Cell:
        """Return a statistic: counts whole, p values with three decimals, sets of numbers as intervals."""
        if isinstance(value, bool):
            return words(say("yes" if value else "no", self.language))
        if isinstance(value, int):
            return number(value, 0)
        if isinstance(value, float):
            return number(value, self.digits("p" if name.endswith("_p") else name))
        if isinstance(value, (list, tuple)):
            return words(interval(value, self.digits(name)))
        return words("" if value is None else str(value))


def interval(ends: Sequence[object], digits: int) -> str:
    """Return a set of numbers: `[a, b]`, an open end as infinity, several pieces joined, none as the empty set.

    >>> interval([0.5, None], 2), interval([[None, 1], [2, None]], 0), interval([], 1)
    ('[0.50, ∞)', '(−∞, 1] ∪ [2, ∞)', '∅')
    """
    if not ends:
        return "∅"
    if isinstance(ends[0], (list, tuple)):
        return " ∪ ".join(interval(piece, digits) for piece in ends if isinstance(piece, (list, tuple)))
    low, high = (typographic(rounded(end, digits)) if isinstance(end, (int, float)) else "" for end in ends[:2])
    return f"{f'[{low}' if low else '(−∞'}, {f'{high}]' if high else '∞)'}"
