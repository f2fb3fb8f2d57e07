"""Which module reads which canonical table; without the libraries they need, so that the workflow may ask."""

# Named, not imported: a job loads, and is fingerprinted by, the one intake it runs.
INTAKES = {
    "exports": "citypanel.intake.customs",
    "patents": "citypanel.intake.patents",
    "city_year": "citypanel.intake.yearbook",
    "world_trade": "citypanel.intake.world_trade",
}
MARK = "SIMULATED.txt"  # in the root of a raw folder whose files are simulated
