"""The convention search: which of a finite set of variants print the digits, and how many would by chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from citypanel.ledger.ours import FIRST, Found, Spot, look_up, readings, scales
from citypanel.ledger.printed import Cell
from citypanel.ledger.verdicts import in_digits, rounds_to
from citypanel.result import Record

LUCKY = 0.05  # expected hits from which a single hit may well be chance


@dataclass(frozen=True)
class Try:
    """One variant of one number: what it changes, and the number in units of the last printed digit."""

    label: str
    digits: int
    prints: bool
    scaled: bool = False


@dataclass(frozen=True)
class Search:
    """All variants of one printed number.

    Attributes
    ----------
    own, target : the declared and the printed number, in units of the last printed digit.
    same : whether the declared number prints.
    significant : significant digits of the printed number.
    tries : the variants that gave a number.
    failed : variants that gave none.
    """

    own: int
    target: int
    same: bool
    significant: int
    tries: tuple[Try, ...] = ()
    failed: int = 0

    @property
    def tried(self) -> int:
        """How many variants gave a number."""
        return len(self.tries)

    @property
    def different(self) -> tuple[int, ...]:
        """The printed numbers that variants give besides the declared one."""
        return tuple(sorted({one.digits for one in self.tries if not one.scaled} - {self.own}))

    @property
    def hits(self) -> tuple[str, ...]:
        """The variants that print the digits, those that change least first."""
        found = [one.label for one in self.tries if one.prints]
        return tuple(sorted(found, key=lambda label: (label.count("; "), len(label), label)))

    @property
    def expected(self) -> float:
        """The hits expected if our numbers had nothing to do with the printed one."""
        spread = sum(self.chance_of(digits) for digits in self.different)
        return spread + sum(self.chance(one) for one in self.tries if one.scaled)

    @property
    def lucky(self) -> bool:
        """Whether a hit may well be chance."""
        return self.expected >= LUCKY

    def chance(self, tried: Try) -> float:
        """Return the probability that a variant prints the digits by chance."""
        return 1 / (9 * 10.0 ** (max(self.significant, 1) - 1)) if tried.scaled else self.chance_of(tried.digits)

    def chance_of(self, digits: int) -> float:
        """Return the probability that a number prints the digits by chance.

        Notes
        -----
        A variant that moves the number by D last digits is taken to move it anywhere within D on either side, so it
        meets a printed number within its reach with probability 1 / (2D + 1), and none beyond. Over printed numbers
        that fall evenly around the declared one this gives as many hits as there are.
        """
        reach = abs(digits - self.own)
        return 1 / (2 * reach + 1) if reach >= abs(self.target - self.own) else 0.0


@dataclass(frozen=True)
class Variants:
    """The variants of one analysis: its record, and the columns that are variants of each declared column."""

    record: Record
    columns: Mapping[str, Sequence[tuple[str, str]]]

    @classmethod
    def of(cls, record: Record) -> "Variants":
        """Read the variants from the labels of the record's columns (`2; vcov=iid`)."""
        found: dict[str, dict[str, str]] = {}
        for column in record.columns:
            declared, _, changes = (column.label or "").partition("; ")
            found.setdefault(declared, {})[column.column.partition(".")[0]] = changes
        return cls(record, {number: tuple(columns.items()) for number, columns in found.items()})


def search(cell: Cell, spot: Spot, declared: Found, record: Record, variants: Variants | None) -> Search:
    """Try every variant of a printed number.

    Parameters
    ----------
    cell : the printed cell, which holds a number.
    spot, declared, record : where our number stands, the number, and the record it comes from.
    variants : those of the analysis; None where none are estimated (only other readings and units are tried then).

    Notes
    -----
    A number in another unit is compared by its significant digits: m digits agree by chance with probability
    1 / (9 x 10^(m - 1)).
    """
    printed = cell.number
    if printed is None:
        raise ValueError(f"{cell.name} holds no number")

    def tried(label: str, value: float, *, scaled: bool = False) -> Try:
        return Try(label, in_digits(value, printed.decimals), rounds_to(value, printed), scaled)

    numbers = list(_numbers(spot, record, variants))
    factors = scales(spot) if printed.value and declared.value else ()
    return Search(
        own=in_digits(declared.value, printed.decimals),
        target=in_digits(printed.value, printed.decimals),
        same=rounds_to(declared.value, printed),
        significant=printed.digits,
        tries=(
            *(tried(label, found.value) for label, found in numbers if found is not None),
            *(tried(f"unit=x{factor:g}", declared.value * factor, scaled=True) for factor in factors),
        ),
        failed=sum(found is None for _, found in numbers),
    )


def _numbers(spot: Spot, record: Record, variants: Variants | None) -> Iterator[tuple[str, Found | None]]:
    for label, other in readings(spot):
        found = look_up(record, other)
        if found is not None:
            yield label, found
    if variants is not None:
        for column, changes in variants.columns.get(spot.column.removesuffix(FIRST), ()):
            yield changes, look_up(variants.record, spot, column)


@dataclass(frozen=True)
class Convention:
    """One variant over all cells of a table.

    `cells` have a number under it, `changed` of them another printed number than the declared one; `gained` are
    printed by it and not as declared, `lost` the other way round; `expected` are the hits that chance gives.
    """

    label: str
    cells: int
    changed: int
    prints: int
    gained: int
    lost: int
    expected: float


def conventions(searches: Sequence[Search]) -> list[Convention]:
    """Return every variant that was tried on the cells of a table, those that print most first."""
    found: dict[str, list[tuple[Search, Try]]] = {}
    for one in searches:
        for tried in one.tries:
            found.setdefault(tried.label, []).append((one, tried))
    summed = [_convention(label, cells) for label, cells in found.items()]
    return sorted(summed, key=lambda item: (item.lost - item.gained, -item.prints, item.label))


def _convention(label: str, cells: Sequence[tuple[Search, Try]]) -> Convention:
    changed = [(one, tried) for one, tried in cells if tried.digits != one.own]
    return Convention(
        label=label,
        cells=len(cells),
        changed=len(changed),
        prints=sum(tried.prints for _, tried in cells),
        gained=sum(tried.prints and not one.same for one, tried in changed),
        lost=sum(one.same and not tried.prints for one, tried in changed),
        expected=sum(one.chance(tried) for one, tried in changed if not one.same),
    )
