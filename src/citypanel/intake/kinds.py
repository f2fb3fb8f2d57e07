"""The kinds of raw files, without the libraries that reading them needs, so that the workflow may ask."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

MARK = "SIMULATED.txt"  # in the root of a raw folder whose files are simulated


@dataclass(frozen=True)
class Kind:
    """One kind: its folder below the raw folder, its module, the registers it looks up, how its files are obtained.

    The module is named, not imported: a job loads, and is fingerprinted by, the one intake it runs.
    """

    folder: str
    module: str
    registers: tuple[str, ...]
    obtained: str


KINDS = {
    "exports": Kind(
        "customs",
        "citypanel.intake.customs",
        ("layouts", "countries", "customs_areas", "customs_units", "regions", "cities", "city_history"),
        "customs records by firm, licensed by vendors and by universities that hold them",
    ),
    "patents": Kind(
        "patents",
        "citypanel.intake.patents",
        (
            "layouts",
            "cities",
            "city_history",
            "customs_areas",
            "counties",
            "organisations",
            "organisation_variants",
        ),
        "exports of incoPat, CNIPA or another patent database, by subscription",
    ),
    "city_year": Kind(
        "yearbook",
        "citypanel.intake.yearbook",
        ("layouts", "cities", "city_history", "yearbook_variables", "units"),
        "city yearbooks, printed yearly or licensed by vendors",
    ),
    "world_trade": Kind(
        "world_trade",
        "citypanel.intake.world_trade",
        ("layouts", "countries"),
        "trade of economies by product with GDP per head, as BACI with the World Development Indicators, open",
    ),
}
INTAKES = {table: kind.module for table, kind in KINDS.items()}


def missing_sources(tables: Iterable[str], files: Callable[[str], Sequence[str]]) -> list[str]:
    """Return, for each canonical table without a raw file, its folder and how such files are obtained."""
    return [f"{KINDS[table].folder}/ ({KINDS[table].obtained})" for table in tables if not files(KINDS[table].folder)]
