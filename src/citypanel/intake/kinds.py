"""The kinds of raw files, without the libraries that reading them needs, so that the workflow may ask."""

from dataclasses import dataclass

MARK = "SIMULATED.txt"  # in the root of a raw folder whose files are simulated


@dataclass(frozen=True)
class Kind:
    """One kind: where its files lie in the raw folder, the module that reads them, the registers it looks up.

    The module is named, not imported: a job loads, and is fingerprinted by, the one intake it runs.
    """

    folder: str
    module: str
    registers: tuple[str, ...]


KINDS = {
    "exports": Kind(
        "customs",
        "citypanel.intake.customs",
        ("layouts", "countries", "customs_areas", "cities", "city_history"),
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
    ),
    "city_year": Kind(
        "yearbook",
        "citypanel.intake.yearbook",
        ("layouts", "cities", "city_history", "yearbook_variables", "units"),
    ),
    "world_trade": Kind("world_trade", "citypanel.intake.world_trade", ("layouts", "countries")),
}
INTAKES = {table: kind.module for table, kind in KINDS.items()}
