"""One tiny sample for all tests of the folder, and a disk that is full at once."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from citypanel.sample import write_sample


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "raw"
    write_sample(folder, "tiny", seed=3)
    return folder


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
