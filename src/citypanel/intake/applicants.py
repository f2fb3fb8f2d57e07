"""The prefecture of every applicant, though databases give the address of the first one only.

Ranks, the first that answers: the row itself (`city_field`, `address`); the same name as first applicant elsewhere,
its modal city within three years (`first_applicant`); the register of organisations (`register`); the place inside
the name (`name`); else `unresolved`, which is stored and counted, never dropped.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from citypanel.intake.names import ORGANISATION
from citypanel.intake.places import Gazetteer
from citypanel.intake.seats import Seats
from citypanel.registers import Registers

WINDOW = 3  # years around the application in which a name's appearances as first applicant count


@dataclass(frozen=True)
class Applicant:
    """An applicant as its row shows it; `adcode` and `rank` are what the row itself says about the place."""

    name: str
    kind: str
    adcode: int | None = None
    rank: str = ""


class Resolver:
    """Learns where first applicants sit, then answers for all applicants."""

    RANKS: ClassVar = ("city_field", "address", "first_applicant", "register", "name", "unresolved")

    def __init__(self, registers: Registers) -> None:
        self.places = Gazetteer(registers)
        self.seats = Seats(self.places)
        self._seen: dict[str, Counter[tuple[int, int]]] = {}
        self._modal = cache(self._find_modal)

    def learn(self, first: Applicant, year: int) -> None:
        """Note where a first applicant sits in a year."""
        if first.adcode is not None:
            self._seen.setdefault(first.name, Counter())[year, first.adcode] += 1

    def resolve(self, applicant: Applicant, year: int) -> dict[str, object]:
        """Return the applicant as the canonical table holds it."""
        code, rank = self._find(applicant, year)
        return {
            "name": applicant.name,
            "kind": applicant.kind,
            "adcode": None if code is None else self.places.at(code, year),
            "resolved_by": rank,
        }

    def _find(self, applicant: Applicant, year: int) -> tuple[int | None, str]:
        if applicant.adcode is not None:
            return applicant.adcode, applicant.rank
        modal = self._modal(applicant.name, year)
        if modal is not None:
            return modal, "first_applicant"
        if applicant.kind == ORGANISATION:
            if applicant.name in self.seats.register:
                return self.seats.register[applicant.name], "register"
            found = self.seats.from_name(applicant.name)
            if found is not None:
                return found, "name"
        return None, "unresolved"

    def _find_modal(self, name: str, year: int) -> int | None:
        """Return the city where a name is most often first applicant near a year; None on a tie."""
        counts: Counter[int] = Counter()
        for (seen, code), times in self._seen.get(name, {}).items():
            if abs(seen - year) <= WINDOW:
                counts[code] += times
        ranked = counts.most_common(2)
        if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
            return None
        return ranked[0][0]
