"""One tiny sample for all tests of the folder."""

from pathlib import Path

import pytest

from citypanel.sample import write_sample


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "raw"
    write_sample(folder, "tiny", seed=3)
    return folder
