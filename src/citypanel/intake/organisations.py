"""Organisations under one name: spellings, other names over time and subsidiaries, by a register that users extend."""

from dataclasses import dataclass, field

from citypanel.errors import InputError
from citypanel.intake.names import clean_name
from citypanel.registers import Registers

RELATIONS = ("variant", "renamed", "subsidiary")
_STEPS = 10  # names may be counted as names that are themselves counted as others


@dataclass(frozen=True)
class Organisations:
    """Which name each name is counted as, in the spelling of `clean_name`."""

    counted_as: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, registers: Registers, *, groups: bool = False) -> "Organisations":
        """Read the register; subsidiaries are counted as their parents only with `groups`.

        Raises
        ------
        InputError
            A relation that is unknown, a name with two answers, or names that are counted as one another.
        """
        direct: dict[str, str] = {}
        for row in registers.organisation_variants().itertuples():
            name, target, relation = clean_name(str(row.name)), clean_name(str(row.counted_as)), str(row.relation)
            place = f"register organisation_variants, name '{name}'"
            if relation not in RELATIONS:
                raise InputError(f"{place}: found relation '{relation}'; allowed: {', '.join(RELATIONS)}")
            if relation == "subsidiary" and not groups:
                continue
            if direct.setdefault(name, target) != target:
                raise InputError(f"{place}: found counted_as '{direct[name]}' and '{target}'; allowed: one")
        return cls({name: _last(name, direct) for name in direct})

    def name(self, name: str) -> str:
        """Return the name an applicant is counted as."""
        return self.counted_as.get(name, name)


def _last(name: str, direct: dict[str, str]) -> str:
    found = name
    for _ in range(_STEPS):
        if found not in direct:
            return found
        found = direct[found]
    raise InputError(
        f"register organisation_variants, name '{name}': counted as itself through '{found}'; end the circle"
    )
