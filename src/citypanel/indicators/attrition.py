"""The attrition table of the cleaning: how much of what leaves at which step, counted in one pass.

Every row leaves at exactly one rule, the first that it breaks. A firm, product, destination or city is still there
after a rule if one of its rows is; so the last rule that each of them survives to is all that has to be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from citypanel.arrays import Codes, Mask, Vector
from citypanel.contracts import CONTRACTS
from citypanel.errors import InputError

UNITS = ("rows", "firms", "hs6", "destinations", "cities", "value_usd")
MICRO = 1_000_000  # US$ are added up as whole millionths: exact, so no order of rows changes a total
KEPT = 9_999
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


class Ledger:
    """Counts what leaves at each rule."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}
        self.micro: dict[int, int] = {}
        self.changed: dict[int, int] = {}
        names = ("firms", "destinations", "cities", "source", "target", "product")
        self.last = {name: _Last() for name in names}

    def note(self, rules: Codes, things: Things) -> None:
        """Count rows or flows under the rule that each leaves at."""
        for rule in np.flatnonzero(np.bincount(rules)).tolist():
            where = rules == rule
            self.add(rule, things, slice(None) if where.all() else where)

    def add(self, rule: int, things: Things, where: Mask | slice) -> None:
        """Count some rows or flows under one rule."""
        value = things.value[where]
        count = int(value.size if things.rows is None else things.rows[where].sum())
        positive = value[value > 0]
        self.rows[rule] = self.rows.get(rule, 0) + count
        self.micro[rule] = self.micro.get(rule, 0) + int(np.rint(positive * MICRO).astype(np.int64).sum())
        units = {"firms": things.firm, "destinations": things.destination, "cities": things.city}
        for name, codes in (*units.items(), ("source", things.source), ("product", things.product)):
            if codes is not None:
                found = codes[where]
                self.last[name].note(found if found.min(initial=0) >= 0 else found[found >= 0], rule)

    def note_targets(self, targets: Codes, rule: int) -> None:
        """Note the converted six digits of rows; those that reach the collapse follow their product."""
        self.last["target"].note(targets[targets >= 0], min(rule, _HELD))

    def table(
        self, rules: Sequence[Rule], products_of: tuple[Codes, Codes], intake: pd.DataFrame | None
    ) -> pd.DataFrame:
        """Return the attrition table: intake's steps 0 to 6 where given, then every rule in its order.

        Parameters
        ----------
        rules : sequence of Rule
            In the order in which they are applied.
        products_of : pair of arrays
            Which product goes with which six digits (base revision); one may have several of the other.
        intake : DataFrame, optional
            The attrition of `exports`.
        """
        numbers = [rule.number for rule in rules]
        assert set(self.rows) <= {*numbers, KEPT}  # noqa: S101 - a rule without a line would hide rows
        left = {unit: self._left(unit, products_of) for unit in (*UNITS, "source")}
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
        return _joined(pd.DataFrame(lines), intake, sum(self.rows.values()))

    def _left(self, unit: str, products_of: tuple[Codes, Codes]) -> dict[int, int]:
        if unit == "rows":
            return self.rows
        if unit == "value_usd":
            return self.micro
        last = self._targets(products_of) if unit == "hs6" else self.last[unit].rules
        numbers, counts = np.unique(last[last >= 0], return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))

    def _targets(self, products_of: tuple[Codes, Codes]) -> Codes:
        """Return the last rule of each six digits: their own up to the collapse, then their products'."""
        last = self.last["target"].rules.copy()
        products, targets = products_of
        final = self.last["product"].rules
        known = products < final.size
        reached = np.full(last.size, -1, dtype=np.int16)
        np.maximum.at(reached, targets[known], final[products[known]])
        return np.where(last == _HELD, np.maximum(reached, last), last)


def _joined(own: pd.DataFrame, intake: pd.DataFrame | None, rows: int) -> pd.DataFrame:
    names = [column.name for column in CONTRACTS["attrition"].columns]
    counts = [name for name in names if name.endswith(("_before", "_after")) and "usd" not in name]
    own = own[names].astype(dict.fromkeys(counts, "Int64"))
    if intake is None:
        return own
    first = intake[intake["step"] <= 6]
    if len(first) and int(first["rows_after"].iloc[-1]) != rows:
        raise InputError(
            f"the attrition of the intake ends with {int(first['rows_after'].iloc[-1])} rows, the table exports has "
            f"{rows}; both must come from one intake"
        )
    # Steps 5 and 6 are the intake's; they come again only where the study leaves out more.
    idle = own["step"].isin(first["step"]) & (own["rows_before"] == own["rows_after"])
    return pd.concat([first[names].astype(dict.fromkeys(counts, "Int64")), own[~idle]], ignore_index=True)
