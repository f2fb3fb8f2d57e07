"""One tiny sample for all tests of the folder, the world of one study, and a disk that is full at once."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from citypanel.intake.accounting import Outputs
from citypanel.intake.table import intake_table
from citypanel.sample import write_sample


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "raw"
    write_sample(folder, "tiny", seed=3)
    return folder


@pytest.fixture(scope="module")
def raw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw files of the study that the module names in `STUDY`."""
    folder = tmp_path_factory.mktemp(request.module.STUDY) / "raw"
    write_sample(folder, "tiny", 3, study=request.module.STUDY)
    return folder


@pytest.fixture(scope="module")
def truth(raw: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((raw / "truth.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def tables(raw: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outputs]:
    """The canonical tables of the study, from the raw folders that the module names in `FOLDERS`."""
    folder = tmp_path_factory.mktemp("canonical")
    written = {name: Outputs.beside(folder / f"{name}.parquet") for name in request.module.FOLDERS}
    for name, kind in request.module.FOLDERS.items():
        intake_table(name, sorted((raw / kind).iterdir()), written[name], raw)
    return written


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    # Lazily: the traceback that a test looks at may still hold a file that was deleted.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
