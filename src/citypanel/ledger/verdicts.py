"""What a printed number and ours say about each other: digits, distance, overlap; and what may be concluded."""

import math
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

from citypanel.ledger.ours import Found, Spot
from citypanel.ledger.printed import Cell, Number

SAME, SAME_UNDER, COMPATIBLE, DIFFERS = "same", "same_under", "compatible", "differs"
CALIBRATED, MISSED, UNTESTED = "calibrated", "missed", "untested"
DECLARED, OTHERWISE, NO_COUNTERPART, WORDS = "declared", "otherwise", "no_counterpart", "words"
# In the order in which a summary shows them.
VERDICTS = (
    SAME, SAME_UNDER, COMPATIBLE, DIFFERS, CALIBRATED, MISSED, UNTESTED, DECLARED, OTHERWISE, NO_COUNTERPART, WORDS,
)  # fmt: skip
NUMBERS = VERDICTS[:7]  # verdicts on a number that has a counterpart
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Comparison:
    """The arithmetic of a cell, whatever the data are.

    Attributes
    ----------
    same : whether our number rounds to the printed digits.
    text : our number with the decimals of the printed one.
    difference : ours less printed.
    digits : the difference in units of the last printed digit.
    errors : the difference in printed standard errors, where one is printed.
    printed_interval, our_interval : 95% intervals, where both exist.
    """

    same: bool
    text: str
    difference: float
    digits: float
    errors: float | None = None
    printed_interval: tuple[float, float] | None = None
    our_interval: tuple[float, float] | None = None

    @property
    def overlap(self) -> bool:
        """Whether the 95% intervals of the printed number and of ours have a point in common."""
        if self.printed_interval is None or self.our_interval is None:
            return False
        return self.printed_interval[0] <= self.our_interval[1] and self.our_interval[0] <= self.printed_interval[1]


def rounds_to(value: float, printed: Number) -> bool:
    """Whether a number rounds to the printed digits, a tie either way; a printed minus before zeros holds no plus.

    >>> from citypanel.ledger.printed import parse_number
    >>> [rounds_to(v, parse_number("0.13")) for v in (0.125, 0.1249, 0.1349, 0.1351)]
    [True, False, True, False]
    """
    if not math.isfinite(value):
        return False
    with localcontext() as context:
        context.prec = 400  # the double's exact decimal value: no digit is lost before rounding
        half = Decimal(5).scaleb(-printed.decimals - 1)
        middle = Decimal(in_digits(printed.value, printed.decimals)).scaleb(-printed.decimals)
        exact = Decimal(value)
        # The interval of a printed number tells -0.000 from 0.000.
        upper = middle if printed.value == 0 and printed.interval.hi == 0 else middle + half
        return middle - half <= exact <= upper


def in_digits(value: float, decimals: int) -> int:
    """Return a number in units of its last printed digit, rounded half up."""
    with localcontext() as context:
        context.prec = 400
        return int((Decimal(value).scaleb(decimals) + Decimal("0.5")).to_integral_value(rounding=ROUND_FLOOR))


def shown_like(value: float, decimals: int) -> str:
    """Return a number with the decimals of a printed one, ties away from zero."""
    with localcontext() as context:
        context.prec = 400
        exact = Decimal(value).quantize(Decimal(1).scaleb(-max(decimals, 0)), rounding=ROUND_HALF_UP)
    return f"{abs(exact) if exact == 0 else exact:f}"


def compare(cell: Cell, found: Found, spot: Spot, error: float | None) -> Comparison:
    """Compare a printed number with ours.

    Parameters
    ----------
    error : the printed standard error of the number, where one is printed beside it.
    """
    printed = cell.number
    if printed is None:
        raise ValueError(f"{cell.name} holds no number")
    difference = found.value - printed.value
    is_estimate = spot.field == "estimate" and spot.part != "stat"
    intervals = _intervals(printed, found, error) if is_estimate else _correlation(printed, found, spot)
    return Comparison(
        same=rounds_to(found.value, printed),
        text=shown_like(found.value, printed.decimals),
        difference=difference,
        digits=difference * 10.0**printed.decimals,
        errors=difference / error if is_estimate and error else None,
        printed_interval=intervals[0] if intervals else None,
        our_interval=intervals[1] if intervals else None,
    )


Pair = tuple[tuple[float, float], tuple[float, float]]


def _intervals(printed: Number, found: Found, error: float | None) -> Pair | None:
    if not error or found.low is None or found.high is None:
        return None
    width = _NORMAL_95 * error
    return (printed.value - width, printed.value + width), (found.low, found.high)


def _correlation(printed: Number, found: Found, spot: Spot) -> Pair | None:
    """Return Fisher's intervals of two correlations on as many rows."""
    if spot.name != "correlation" or found.n is None or found.n <= 3:
        return None
    if abs(printed.value) >= 1 or abs(found.value) >= 1:
        return None
    width = _NORMAL_95 / math.sqrt(found.n - 3)
    one, two = (
        (math.tanh(math.atanh(r) - width), math.tanh(math.atanh(r) + width)) for r in (printed.value, found.value)
    )
    return one, two


@dataclass(frozen=True)
class Origin:
    """What our numbers of a table rest on: simulated data or not, a sample calibrated to the table or not."""

    simulated: bool
    calibrated: bool = False


def verdict(comparison: Comparison, origin: Origin, *, hit: bool) -> str:
    """Return the verdict on a number.

    Parameters
    ----------
    comparison : Comparison
    origin : Origin
        On simulated data no verdict speaks of agreement: the number was put in (`calibrated`, or `missed` where it
        does not come out), or nothing can be tested.
    hit : whether a variant of the convention search prints the digits.
    """
    if origin.simulated:
        return UNTESTED if not origin.calibrated else CALIBRATED if comparison.same else MISSED
    if comparison.same:
        return SAME
    if hit:
        return SAME_UNDER
    return COMPATIBLE if comparison.overlap else DIFFERS
