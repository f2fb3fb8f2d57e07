"""The attrition table of the cleaning: how much of what leaves at which step, counted in one pass.

Every row leaves at exactly one rule, the first that it breaks. A firm, product, destination or city is still there
after a rule if one of its rows is; so the last rule that each of them survives to is all that has to be kept. That
can be counted by parts and put together: rows and US$ add up, and of two last rules the later counts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Vector
from citypanel.contracts import CONTRACTS
from citypanel.errors import InputError
from citypanel.micro import MICRO, micro_sum

UNITS = ("rows", "firms", "hs6", "destinations", "cities", "value_usd")
KEPT = 9_999
THINGS = ("firms", "destinations", "cities", "source", "target", "product")
_CONVERTED = 1_001  # the last rule of step 10
_HELD = 1_299  # rows that reached the collapse: their six digits follow their product from there


@dataclass(frozen=True)
class Rule:
    """One reason to leave: `number` is 100 times the step, plus its place within the step."""

    number: int
    name: str
    reason: str
    applied: bool = True

    @property
    def step(self) -> int:
        """The number of the step."""
        return self.number // 100


@dataclass
class _Last:
    """The last rule that each of some coded things survives to; -1 where it was never seen."""

    rules: Codes = field(default_factory=lambda: np.full(0, -1, dtype=np.int16))

    def note(self, codes: Codes, rule: int) -> None:
        """Note things among rows that leave at a rule."""
        if codes.size == 0:
            return
        self._reach(int(codes.max()) + 1)
        if rule == KEPT:
            self.rules[codes] = KEPT
        else:
            np.maximum.at(self.rules, codes, np.int16(rule))

    def _reach(self, size: int) -> None:
        if size > self.rules.size:
            room = max(size, 2 * self.rules.size) - self.rules.size
            self.rules = np.concatenate([self.rules, np.full(room, -1, dtype=np.int16)])


@dataclass(frozen=True)
class Things:
    """Coded columns of rows or flows; -1 is unknown. `rows` are the raw rows behind each, `value` US$."""

    firm: Codes
    destination: Codes
    city: Codes
    value: Vector
    rows: Codes | None = None
    source: Codes | None = None
    product: Codes | None = None


@dataclass
class Counted:
    """What some rows or flows were counted as: the parts of an account, by the names of things.

    `pairs` are products and the six digits (base revision) that belong together.
    """

    rows: Counter[int] = field(default_factory=Counter)
    micro: Counter[int] = field(default_factory=Counter)
    changed: Counter[int] = field(default_factory=Counter)
    last: dict[str, dict[str, int]] = field(default_factory=lambda: {unit: {} for unit in THINGS})
    pairs: set[tuple[str, str]] = field(default_factory=set)

    def add(self, other: "Counted") -> None:
        """Put the counts of other rows to these."""
        for mine, more in ((self.rows, other.rows), (self.micro, other.micro), (self.changed, other.changed)):
            mine.update(more)
        for unit, things in other.last.items():
            last = self.last[unit]
            for thing, rule in things.items():
                if rule > last.get(thing, -1):
                    last[thing] = rule
        self.pairs |= other.pairs

    def table(self, rules: Sequence[Rule], intake: pd.DataFrame | None, place: str) -> pd.DataFrame:
        """Return the attrition table: intake's steps 0 to 6 where given, then every rule in its order.

        Parameters
        ----------
        rules : sequence of Rule
            In the order in which they are applied.
        intake : DataFrame, optional
            The attrition of `exports`.
        place : {"producing", "registered"}
            Which of the two cities of a row is counted.
        """
        numbers = {rule.number for rule in rules} | {KEPT}
        assert set(self.rows) <= numbers  # noqa: S101 - a rule without a line would hide rows
        left = self._left()
        lines = []
        for rule in rules:
            reason = rule.reason if rule.applied else f"not applied: {rule.reason}"
            line: dict[str, object] = {"table": "cleaning", "step": rule.step, "name": rule.name, "reason": reason}
            for unit in UNITS:
                # Six digits of the base revision take the place of the source's at the end of step 10.
                first, then = (
                    left["source" if unit == "hs6" and rule.number <= limit else unit]
                    for limit in (_CONVERTED, _CONVERTED - 1)
                )
                scale = MICRO if unit == "value_usd" else 1
                line[f"{unit}_before"] = sum(count for at, count in first.items() if at >= rule.number) / scale
                line[f"{unit}_after"] = sum(count for at, count in then.items() if at > rule.number) / scale
            lines.append({**line, "changed": self.changed.get(rule.number, 0)})
        return _joined(pd.DataFrame(lines), intake, self.rows.total(), place)

    def _left(self) -> dict[str, Mapping[int, int]]:
        """Return how many of each unit survive to each rule, and no further."""
        things = {unit: Counter(self.last[unit].values()) for unit in ("firms", "destinations", "cities", "source")}
        return {"rows": self.rows, "value_usd": self.micro, "hs6": Counter(self._targets().values()), **things}

    def _targets(self) -> dict[str, int]:
        """Return the last rule of each six digits: their own up to the collapse, then their products'."""
        last = dict(self.last["target"])
        for product, target in self.pairs:
            reached = self.last["product"].get(product, -1)
            if last.get(target, -1) >= _HELD and reached > last[target]:
                last[target] = reached
        return last


class Ledger:
    """Counts what leaves at each rule, by the numbers of things."""

    def __init__(self) -> None:
        self.rows: Counter[int] = Counter()
        self.micro: Counter[int] = Counter()
        self.changed: Counter[int] = Counter()
        self.last = {name: _Last() for name in THINGS}

    def note(self, rules: Codes, things: Things) -> None:
        """Count rows or flows under the rule that each leaves at."""
        for rule in np.flatnonzero(np.bincount(rules)).tolist():
            where = rules == rule
            self.add(rule, things, slice(None) if where.all() else where)

    def add(self, rule: int, things: Things, where: Mask | slice) -> None:
        """Count some rows or flows under one rule."""
        value = things.value[where]
        self.rows[rule] += int(value.size if things.rows is None else things.rows[where].sum())
        self.micro[rule] += micro_sum(value[value > 0])
        units = {"firms": things.firm, "destinations": things.destination, "cities": things.city}
        for name, codes in (*units.items(), ("source", things.source), ("product", things.product)):
            if codes is not None:
                found = codes[where]
                self.last[name].note(found if found.min(initial=0) >= 0 else found[found >= 0], rule)

    def note_targets(self, targets: Codes, rule: int) -> None:
        """Note the converted six digits of rows; those that reach the collapse follow their product."""
        self.last["target"].note(targets[targets >= 0], min(rule, _HELD))

    def counted(self, texts: Mapping[str, Sequence[str]], pairs: Iterable[tuple[str, str]] = ()) -> Counted:
        """Return the counts by the names of things; numbers of cities are their names."""
        last = {}
        for unit, found in self.last.items():
            seen = np.flatnonzero(found.rules >= 0).tolist()
            names = texts.get(unit)
            last[unit] = {str(at) if names is None else names[at]: int(found.rules[at]) for at in seen}
        return Counted(Counter(self.rows), Counter(self.micro), Counter(self.changed), last, set(pairs))


def _joined(own: pd.DataFrame, intake: pd.DataFrame | None, rows: int, place: str) -> pd.DataFrame:
    names = [column.name for column in CONTRACTS["attrition"].columns]
    counts = [name for name in names if name.endswith(("_before", "_after")) and "usd" not in name]
    own = own.reindex(columns=names).astype(dict.fromkeys(counts, "Int64"))
    if intake is None:
        return own
    first = intake[intake["step"] <= 6][names].astype(dict.fromkeys(counts, "Int64"))
    if len(first) and int(first["rows_after"].iloc[-1]) != rows:
        raise InputError(
            f"the attrition of the intake ends with {int(first['rows_after'].iloc[-1])} rows, the table exports has "
            f"{rows}; both must come from one intake"
        )
    if place == "registered":
        for when in ("before", "after"):
            first[f"cities_{when}"] = first[f"cities_registered_{when}"]
    # Steps 5 and 6 are the intake's; they come again only where the study leaves out more.
    idle = own["step"].isin(first["step"]) & (own["rows_before"] == own["rows_after"])
    return pd.concat([first, own[~idle]], ignore_index=True)
