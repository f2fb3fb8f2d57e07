"""Helpers: how customs records are shared out to jobs, by files where they are read and by chapters where cleaned."""

import re
from importlib.metadata import version

from citypanel.declare.raw import world_cleanings

PARTS = {world: RAW.batches(world, KINDS["exports"].folder) for world in set(WORLD.values())}
CLEANINGS = world_cleanings(RAW, DECLARED)
GROUPS = [f"{number}of{CONFIG.jobs.chapter_groups}" for number in range(1, CONFIG.jobs.chapter_groups + 1)]


def part_files(wildcards):
    """Return the customs files that one job reads."""
    return PARTS[wildcards.world][wildcards.part]


def customs_parts(kind):
    """Return an input function: one kind of what the jobs leave that read customs files, in the order of the files."""
    return lambda wildcards: [
        f"<results>/read/{wildcards.world}/customs/{part}/{kind}.arrow" for part in PARTS[wildcards.world]
    ]


def indicator_inputs(wildcards):
    """Return what an indicator is computed from: canonical tables, for the quality flows that have been cleaned."""
    world, indicator = wildcards.world, wildcards.indicator
    needed = list(indicator_tables(indicator, indicator_options(wildcards)))
    files = []
    if indicator == "quality":
        needed.remove("exports")
        folder = f"<results>/flows/{world}/{CLEANINGS.behind[world, wildcards.variant]}"
        files += [f"{folder}/{group}.{kind}.arrow" for group in GROUPS for kind in ("flows", "account")]
    if has_attrition(indicator):
        files.append(f"<results>/intake/{world}/exports/attrition.parquet")
    return [*(f"<results>/canonical/{world}/{name}.parquet" for name in needed), *files]
