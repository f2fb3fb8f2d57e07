"""Write a whole sample: the raw files of one study's world, the notice, and the truth."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from citypanel.sample.customs_dirt import FAULTS
from citypanel.sample.customs_files import write_customs
from citypanel.sample.folder import replacing
from citypanel.sample.incopat import write_patents
from citypanel.sample.notice import notice
from citypanel.sample.presets import (
    CONSTRUCTED_PANEL,
    NOTICE,
    PRESETS,
    TRUTH,
    YRD_COOPERATION,
    Preset,
    checked_kinds,
    checked_seed,
    checked_study,
    megabytes,
    preset_of,
    sample_files,
)
from citypanel.sample.tables import products
from citypanel.sample.world import simulated_world
from citypanel.sample.world_trade import write_world_trade
from citypanel.sample.yearbook import write_yearbooks

YEAR_OF_SHORT_CODES = 2013  # in this year the world table's codes have lost their leading zeros


# The writer of each further world: (folder, preset, seed, kinds) to what is true. Loaded when asked for.
WRITERS = {
    "smart_city": ("citypanel.sample.smart_city_files", "write_smart_city"),
    "ip_model_city": ("citypanel.sample.ip_model_city_files", "write_ip_model_city"),
    "collaborative_gap": ("citypanel.sample.collaborative_gap_files", "write_collaborative_gap"),
}


def write_sample(
    folder: Path, preset: str, seed: int, kinds: tuple[str, ...] | None = None, study: str = YRD_COOPERATION
) -> None:
    """Write the simulated raw files of a preset; the folder appears whole or not at all.

    Parameters
    ----------
    folder
        Created, or replaced if it holds nothing but files of a sample.
    preset
        `tiny`, `default` or `full`.
    seed
        From 0 to 2^63 - 1; the same seed gives the same bytes.
    kinds
        Some of the study's kinds of raw files (`presets.KINDS_OF`); all of them if not given.
    study
        Whose world: each study has one of its own.

    Raises
    ------
    InputError
        Unknown preset, study or kind, absurd seed, a folder with other files in it, no space: one line each.
    """
    size, seed, chosen = preset_of(preset), checked_seed(seed), checked_kinds(kinds, checked_study(study))
    folder = Path(folder).absolute()
    known = {name for each in PRESETS for name in sample_files(each, study)}
    with replacing(folder, known, megabytes(preset, study)) as fresh:
        for kind in chosen:
            (fresh / kind).mkdir()
        truth = _write_world_of(study, fresh, size, seed, chosen)
        (fresh / NOTICE).write_text(notice(size, seed, study), encoding="utf-8")
        (fresh / TRUTH).write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_world_of(study: str, folder: Path, size: Preset, seed: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    if study == YRD_COOPERATION:
        return _write_kinds(folder, size, seed, kinds)
    module, writer = WRITERS[study]
    stated = {"simulated": True, "study": study, "preset": size.name, "seed": seed}
    found: dict[str, Any] = getattr(import_module(module), writer)(folder, size.name, seed, kinds)
    return stated | found


def _write_kinds(folder: Path, size: Preset, seed: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    truth: dict[str, Any] = {
        "simulated": True,
        "preset": size.name,
        "seed": seed,
        "panel": f"citypanel/sample/data/{CONSTRUCTED_PANEL}",
        "joint_inventions_divided_by": size.patent_divisor,
        "attrition_steps": {fault.kind: fault.step for fault in FAULTS} | {"duplicate": "duplicates"},
        "files": {},
    }
    if {"customs", "world_trade"} & set(kinds):
        world = simulated_world(products(size.chapters, size.products_per_chapter), seed)
    if "customs" in kinds:
        truth["files"] |= write_customs(folder / "customs", world, size.customs_rows, seed)
    if "patents" in kinds:
        files, joint, seats = write_patents(folder / "patents", size.patent_divisor, seed)
        truth["files"] |= files
        truth |= {"joint_inventions": joint, "seats_of_applicants": seats}
    if "yearbook" in kinds:
        truth["files"] |= write_yearbooks(folder / "yearbook", size.other_cities, seed)
    if "world_trade" in kinds:
        name = "world_trade/world_trade_2011_2020.csv"
        truth["files"][name] = write_world_trade(folder / name, world, YEAR_OF_SHORT_CODES)
    return truth
