"""Interval arithmetic: what a printed number stands for, and what can be computed from it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

# Ends are sums and products of decimals in binary; one part in 1e9 is far below any printed digit.
_SLACK = 1e-9


@dataclass(frozen=True)
class Interval:
    """A closed interval [lo, hi]; the whole line stands for "nothing can be said"."""

    lo: float
    hi: float

    @classmethod
    def exactly(cls, value: float) -> "Interval":
        """Return the interval of one number."""
        return cls(value, value)

    @classmethod
    def line(cls) -> "Interval":
        """Return the whole line."""
        return cls(-math.inf, math.inf)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.lo) and math.isfinite(self.hi)

    @property
    def middle(self) -> float:
        """The middle of a bounded interval."""
        return (self.lo + self.hi) / 2

    @property
    def width(self) -> float:
        """The length of the interval."""
        return self.hi - self.lo

    def __add__(self, other: "Interval | float") -> "Interval":
        other = as_interval(other)
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def __sub__(self, other: "Interval | float") -> "Interval":
        other = as_interval(other)
        return Interval(self.lo - other.hi, self.hi - other.lo)

    def __rsub__(self, other: float) -> "Interval":
        return as_interval(other) - self

    def __mul__(self, other: "Interval | float") -> "Interval":
        other = as_interval(other)
        ends = [a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        return Interval.line() if any(math.isnan(end) for end in ends) else Interval(min(ends), max(ends))

    def __rmul__(self, other: float) -> "Interval":
        return self * other

    def __truediv__(self, other: "Interval | float") -> "Interval":
        """Return the quotient; a denominator that may be zero gives the whole line."""
        other = as_interval(other)
        if other.lo <= 0 <= other.hi:
            return Interval.line()
        return self * Interval(1 / other.hi, 1 / other.lo)

    def __rtruediv__(self, other: float) -> "Interval":
        return as_interval(other) / self

    def __neg__(self) -> "Interval":
        return Interval(-self.hi, -self.lo)

    def __abs__(self) -> "Interval":
        if self.lo >= 0:
            return self
        return -self if self.hi <= 0 else Interval(0.0, max(-self.lo, self.hi))

    def squared(self) -> "Interval":
        """Return the interval of x squared (narrower than x times x, which forgets that both are one number)."""
        size = abs(self)
        return Interval(size.lo**2, size.hi**2)

    def rising(self, function: Callable[[float], float]) -> "Interval":
        """Apply a rising function to the end points."""
        return Interval(function(self.lo), function(self.hi))

    def falling(self, function: Callable[[float], float]) -> "Interval":
        """Apply a falling function to the end points."""
        return Interval(function(self.hi), function(self.lo))

    def root(self) -> "Interval":
        """Return the square root of the part at or above zero."""
        return Interval(max(self.lo, 0.0), max(self.hi, 0.0)).rising(math.sqrt)

    def meets(self, other: "Interval | float") -> bool:
        """Whether the two share a point, up to the rounding of binary arithmetic."""
        other = as_interval(other)
        slack = _SLACK * max(1e-3, *(abs(end) for end in (self.lo, self.hi, other.lo, other.hi) if math.isfinite(end)))
        return self.lo <= other.hi + slack and other.lo <= self.hi + slack

    def above(self, bound: "Interval | float") -> bool:
        """Whether every point lies above every point of `bound`."""
        bound = as_interval(bound)
        return self.lo > bound.hi and not self.meets(bound)

    def below(self, bound: "Interval | float") -> bool:
        """Whether every point lies below every point of `bound`."""
        return as_interval(bound).above(self)

    def __str__(self) -> str:
        return f"[{shown(self.lo)}, {shown(self.hi)}]"


def as_interval(value: "Interval | float") -> Interval:
    """Return a number as the interval that holds only it."""
    return value if isinstance(value, Interval) else Interval.exactly(float(value))


def shown(value: float) -> str:
    """Return a number with five significant digits, without a trailing exponent where none is needed."""
    if not math.isfinite(value):
        return "-inf" if value < 0 else "inf"
    text = f"{value:.5g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e12 else text
