"""Who applies with whom: patents whose joint invention counts by city and year are those of the panel."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from citypanel.sample.applicants import FOREIGN, Applicant, Draws, city_pools, partners_elsewhere, person
from citypanel.sample.tables import target_panel

INVENTION, UTILITY, DESIGN, PCT = "invention", "utility", "design", "pct"
BETWEEN_CITIES = 0.3  # share of a city's joint inventions with a partner in another of the 41 cities
WITH_ELSEWHERE = 0.2  # share of the others with a partner outside the 41
# Further patents that must not be counted: their kind, and how many there are for each joint invention.
NOT_COUNTED = {
    "sole": (INVENTION, 0.12),
    "organisation_with_persons": (INVENTION, 0.04),
    "persons_only": (INVENTION, 0.02),
    "joint_utility_model": (UTILITY, 0.04),
    "joint_design": (DESIGN, 0.02),
    "pct_entry": (PCT, 0.01),
    "utility_twin": (UTILITY, 0.02),
    "joint_elsewhere": (INVENTION, 0.01),
    "unresolvable": (INVENTION, 0.004),
}


@dataclass(frozen=True)
class Patent:
    """One application: its kind, serial inside year and kind, day, and applicants in order."""

    kind: str
    year: int
    serial: int
    month: int
    day: int
    applicants: tuple[Applicant, ...]
    group: str

    @property
    def organisations(self) -> int:
        """Return how many applicants are no natural persons."""
        return sum(applicant.kind != "个人" for applicant in self.applicants)


def joint_counts(year: int, divisor: int) -> dict[int, int]:
    """Return the joint inventions of each city in a year: the panel's, divided and rounded up if small."""
    panel = target_panel()
    counts = panel.of_year(year, "n_patents").astype(int)
    return {code: -(-int(n) // divisor) for code, n in zip(panel.adcodes, counts, strict=True)}


def _pairs_of_cities(joint: Iterable[Patent]) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for patent in joint:
        cities = sorted({applicant.adcode for applicant in patent.applicants if applicant.adcode})
        found.update(combinations(cities, 2))
    return found


class Applications:
    """Draws the applications of each year from pools of organisations that stay the same over the years.

    `pairs` counts, for the years drawn, the joint inventions of each pair of cities, the lower code first.
    """

    def __init__(
        self,
        counts: Mapping[int, Mapping[int, int]],
        pools: Mapping[int, list[Applicant]],
        elsewhere: list[Applicant],
        draws: Draws,
    ) -> None:
        self.counts = counts
        self._draws = draws
        self._pools = pools
        self._elsewhere = elsewhere
        self._serial: dict[tuple[int, str], int] = {}
        self.pairs: dict[int, Counter[tuple[int, int]]] = {}

    @classmethod
    def of_panel(cls, divisor: int, seed: int) -> "Applications":
        """Return the applications whose joint inventions are those of the constructed panel."""
        draws = Draws(np.random.default_rng([seed, 31]))
        counts = {year: joint_counts(year, divisor) for year in target_panel().years}
        return cls(counts, city_pools(draws), partners_elsewhere(), draws)

    def of_year(self, year: int) -> list[Patent]:
        """Return the year's applications in random order."""
        joint = [self._patent(INVENTION, year, team, "joint") for team in self._teams(year)]
        self.pairs[year] = _pairs_of_cities(joint)
        found = joint + list(self._not_counted(year, joint))
        found += [self._patent(INVENTION, year, (a,), "first_applicant") for a in self._only_as_partner(found)]
        return self._draws.shuffled(found)

    def applicants(self) -> list[Applicant]:
        """Return every organisation with a place."""
        return [a for pool in self._pools.values() for a in pool] + self._elsewhere

    def _patent(self, kind: str, year: int, team: tuple[Applicant, ...], group: str) -> Patent:
        self._serial[year, kind] = self._serial.get((year, kind), 0) + 1 + self._draws.below(3)
        month, day = 1 + self._draws.below(12), 1 + self._draws.below(28)
        return Patent(kind, year, self._serial[year, kind], month, day, team, group)

    def _teams(self, year: int) -> Iterator[tuple[Applicant, ...]]:
        """Yield the applicants of each joint invention; each city appears as often as the panel says."""
        alone: list[int] = []
        open_hands: list[int] = []
        for code, count in self.counts[year].items():
            between = int(count * BETWEEN_CITIES)
            open_hands += [code] * between
            alone += [code] * (count - between)
        open_hands = self._draws.shuffled(open_hands)
        while open_hands:
            size = 3 if self._draws.uniform() < 0.08 else 2
            team, open_hands = open_hands[:size], open_hands[size:]
            if len(team) >= 2 and len(set(team)) == len(team):
                yield self._with_persons([self._member(code) for code in team])
            else:
                alone += team
        for code in alone:
            yield self._with_persons(self._local_team(code))

    def _local_team(self, code: int) -> list[Applicant]:
        if self._draws.uniform() < WITH_ELSEWHERE:
            team = [self._member(code), self._draws.one_of(self._elsewhere)]
            return team if self._draws.uniform() < 0.5 else team[::-1]
        return self._distinct(code, 3 if self._draws.uniform() < 0.1 else 2)

    def _distinct(self, code: int, size: int) -> list[Applicant]:
        team: list[Applicant] = []
        while len(team) < size:
            member = self._member(code)
            if member not in team:
                team.append(member)
        return team

    def _member(self, code: int) -> Applicant:
        """Return an organisation of the city; the first of the pool apply more often."""
        pool = self._pools[code]
        return pool[int(len(pool) * self._draws.uniform() ** 2)]

    def _with_persons(self, team: list[Applicant], share: float = 0.06) -> tuple[Applicant, ...]:
        if self._draws.uniform() < share:
            team = [*team, *(person(self._draws) for _ in range(1 + self._draws.below(2)))]
        return tuple(team)

    def _not_counted(self, year: int, joint: list[Patent]) -> Iterator[Patent]:
        """Yield what is no joint invention of the 41 cities: each group for a reason of its own."""
        draws = self._draws

        def somewhere() -> int:
            return draws.one_of(list(self._pools))

        teams: dict[str, Callable[[], tuple[Applicant, ...]]] = {
            "sole": lambda: (self._member(somewhere()),),
            "organisation_with_persons": lambda: self._with_persons([self._member(somewhere())], share=1.0),
            "persons_only": lambda: (person(draws), person(draws)),
            "joint_utility_model": lambda: tuple(self._distinct(somewhere(), 2)),
            "joint_design": lambda: tuple(self._distinct(somewhere(), 2)),
            "pct_entry": lambda: draws.one_of(joint).applicants,
            "utility_twin": lambda: draws.one_of(joint).applicants,
            "joint_elsewhere": lambda: tuple(draws.shuffled(self._elsewhere)[:2]),
            "unresolvable": lambda: (draws.one_of(FOREIGN),),
        }
        for group, (kind, share) in NOT_COUNTED.items():
            for _ in range(max(1, round(share * len(joint)))):
                yield self._patent(kind, year, teams[group](), group)

    @staticmethod
    def _only_as_partner(patents: list[Patent]) -> list[Applicant]:
        """Return organisations without a place in their name that are nowhere the year's first applicant."""
        first = {patent.applicants[0].name for patent in patents if patent.kind == INVENTION}
        missing: dict[str, Applicant] = {}
        for patent in patents:
            for applicant in patent.applicants[1:]:
                if applicant.adcode and not applicant.named and applicant.name not in first:
                    missing[applicant.name] = applicant
        return [missing[name] for name in sorted(missing)]
