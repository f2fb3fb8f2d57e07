"""Numbers as readers see them: rounded once, on the exact decimal value of the stored double."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

MINUS = "\N{MINUS SIGN}"
GROUPED_FROM = 5  # integer digits from which thousands are grouped, as in 12,345 but 2011


def rounded(value: float, digits: int) -> str:
    """Return `value` with `digits` decimals, an ASCII minus and no grouping.

    The double is first expanded to its exact decimal value, so a tie exists only where the double is one
    (0.125), and a tie is rounded away from zero, as journals and Stata do. What rounds to zero has no sign.

    >>> rounded(0.125, 2), rounded(-0.0004, 3), rounded(1.005, 2)
    ('0.13', '0.000', '1.00')
    """
    with localcontext() as context:
        context.prec = 400  # the longest double has 309 integer digits
        exact = Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return f"{abs(exact) if exact == 0 else exact:f}"


def grouped(text: str) -> str:
    """Return a rounded number with its thousands grouped by commas if it has five integer digits or more."""
    sign, bare = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, fraction = bare.partition(".")
    return f"{sign}{int(whole):,}{point}{fraction}" if len(whole) >= GROUPED_FROM else text


def typographic(text: str) -> str:
    """Return a number with its hyphen turned into a minus sign."""
    return text.replace("-", MINUS, 1) if text.startswith("-") else text
