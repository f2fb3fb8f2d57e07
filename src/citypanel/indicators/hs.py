"""Revisions of the Harmonised System: six-digit codes of one revision converted to another.

The table is the user's file: the UN's correlation tables, consolidated, with `code.after`, `code.before`,
`Relationship` and `adjustment` ("2012 to 2007"); codes there are numbers without their leading zeros.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from citypanel.errors import InputError

COLUMNS = ("code.after", "code.before", "Relationship", "adjustment")
REVISIONS = ("1992", "1996", "2002", "2007", "2012", "2017", "2022")
FOREIGN = 0.1  # share of a year's codes unknown to its revision, above which another revision is looked for


@dataclass(frozen=True)
class Target:
    """Where a code goes: the code of the base revision, and whether there were several to choose from."""

    code: str
    several: bool


class Concordance:
    """Converts six-digit codes of any revision to a base revision.

    Parameters
    ----------
    path : Path
        The consolidated table.
    base : str
        The revision to convert to.

    Raises
    ------
    InputError
        The file is absent or lacks columns or rows; the line names them.

    Notes
    -----
    A revision that is k steps away is converted step by step, so a code may reach several codes of the base. Of
    several, the code that kept its number is taken, else the lowest: one stated rule, and what it decides is
    counted.
    """

    def __init__(self, path: Path, base: str) -> None:
        self.path, self.base = path, base
        self._pairs = _pairs(path)
        self._targets: dict[str, dict[str, Target]] = {}

    def targets(self, revision: str) -> Mapping[str, Target]:
        """Return the target of every code of a revision that the table knows."""
        if revision not in self._targets:
            reached = self._reached(revision)
            self._targets[revision] = {code: _chosen(code, found) for code, found in reached.items()}
        return self._targets[revision]

    def known(self, revision: str) -> frozenset[str]:
        """Return all codes of a revision, as far as the table tells them."""
        own: set[str] = set()
        for (after, before), pairs in self._pairs.items():
            if after == revision:
                own |= {new for new, _ in pairs}
            if before == revision:
                own |= {old for _, old in pairs}
        return frozenset(own)

    def require_revision(self, year: int, revision: str, codes: Iterable[str]) -> None:
        """Refuse codes of a year that are clearly of another revision than the one its rows state.

        Applying the table of 2007 to later data is the usual error; it shows as many unknown codes.
        """
        distinct = set(codes)
        unknown = len(distinct - self.known(revision)) / max(len(distinct), 1)
        if unknown <= FOREIGN:
            return
        others = {other: len(distinct & self.known(other)) / len(distinct) for other in REVISIONS if other != revision}
        best = max(sorted(others), key=lambda other: others[other])
        if others[best] > 1 - unknown + FOREIGN / 2:
            raise InputError(
                f"exports of {year}: {unknown:.0%} of the codes are not in HS{revision}, but {others[best]:.0%} are in "
                f"HS{best}; correct hs_revision of that year before converting to HS{self.base}"
            )

    def _reached(self, revision: str) -> dict[str, frozenset[str]]:
        reached = {code: frozenset([code]) for code in self.known(revision)}
        for step in self._steps(revision):
            reached = {
                code: frozenset(new for old in found for new in step.get(old, ())) for code, found in reached.items()
            }
        return {code: found for code, found in reached.items() if found}

    def _steps(self, revision: str) -> list[dict[str, list[str]]]:
        at, to = REVISIONS.index(revision), REVISIONS.index(self.base)
        steps = []
        # Towards older revisions the table is read as it stands.
        steps += [_mapping(self._step(REVISIONS[newer], REVISIONS[newer - 1])) for newer in range(at, to, -1)]
        for older in range(at, to):
            pairs = self._step(REVISIONS[older + 1], REVISIONS[older])
            steps.append(_mapping([(old, new) for new, old in pairs]))
        if not steps and not self.known(revision):
            raise InputError(f"{self.path}: no row of column 'adjustment' is about HS{revision}")
        return steps

    def _step(self, after: str, before: str) -> list[tuple[str, str]]:
        pairs = self._pairs.get((after, before), [])
        if not pairs:
            found = ", ".join(f"{a} to {b}" for a, b in sorted(self._pairs))
            raise InputError(f"{self.path}: no row has adjustment '{after} to {before}'; found: {found}")
        return pairs


def _pairs(path: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"hs_table {path} does not exist; give the UN's consolidated conversion tables (CSV with "
            f"{', '.join(COLUMNS)}), which the UN Statistics Division publishes"
        )
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    for column in COLUMNS:
        if column not in table:
            raise InputError(f"{path}: column '{column}' is missing; found: {', '.join(table.columns)}")
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for adjustment, rows in table.groupby("adjustment", sort=True):
        after, _, before = str(adjustment).partition(" to ")
        if after in REVISIONS and (before in REVISIONS or before == "1988"):
            new, old = (rows[name].str.strip().str.zfill(6) for name in ("code.after", "code.before"))
            pairs[after, before] = sorted(set(zip(new, old, strict=True)))
    return pairs


def _mapping(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code, target in pairs:
        found.setdefault(code, []).append(target)
    return found


def _chosen(code: str, found: frozenset[str]) -> Target:
    return Target(code if code in found else min(found), several=len(found) > 1)
