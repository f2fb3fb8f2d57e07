"""Simulated raw files in the real files' formats, calibrated to printed tables; never evidence for them."""

from pathlib import Path

from citypanel.sample.presets import sample_files

__all__ = ["sample_files", "write_sample"]


def write_sample(folder: Path, preset: str, seed: int, kinds: tuple[str, ...] | None = None) -> None:
    """Write the simulated raw files of a preset; see `citypanel.sample.generate.write_sample`."""
    from citypanel.sample.generate import write_sample as write  # noqa: PLC0415 - file names without numpy and pyarrow

    write(folder, preset, seed, kinds)
