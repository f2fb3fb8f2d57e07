"""Simulated raw files in the real files' formats, calibrated to printed tables; never evidence for them."""

from pathlib import Path

from citypanel.sample.designs import known_designs
from citypanel.sample.presets import (
    CONSTRUCTED_PANEL,
    STUDIES,
    YRD_COOPERATION,
    calibrated_tables,
    own_columns,
    sample_files,
)

__all__ = [
    "STUDIES",
    "calibrated_tables",
    "constructed_panel",
    "known_designs",
    "own_columns",
    "sample_files",
    "write_sample",
]


def constructed_panel() -> Path:
    """Return the table from which least squares gives yrd_cooperation's printed numbers: what is true in its world."""
    return Path(__file__).with_name("data") / CONSTRUCTED_PANEL


def write_sample(
    folder: Path, preset: str, seed: int, kinds: tuple[str, ...] | None = None, study: str = YRD_COOPERATION
) -> None:
    """Write the simulated raw files of a preset; see `citypanel.sample.generate.write_sample`."""
    from citypanel.sample import generate  # noqa: PLC0415 - the workflow reads file names without numpy and pyarrow

    generate.write_sample(folder, preset, seed, kinds, study)
