"""Simulated raw files in the real files' formats, calibrated to printed tables; never evidence for them."""

from pathlib import Path

from citypanel.sample.presets import STUDIES, YRD_COOPERATION, own_columns, sample_files

__all__ = ["STUDIES", "own_columns", "sample_files", "write_sample"]


def write_sample(
    folder: Path, preset: str, seed: int, kinds: tuple[str, ...] | None = None, study: str = YRD_COOPERATION
) -> None:
    """Write the simulated raw files of a preset; see `citypanel.sample.generate.write_sample`."""
    from citypanel.sample import generate  # noqa: PLC0415 - the workflow reads file names without numpy and pyarrow

    generate.write_sample(folder, preset, seed, kinds, study)
