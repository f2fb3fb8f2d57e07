"""What is written, where, and what happens when it cannot be."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from citypanel.errors import InputError
from citypanel.sample import STUDIES, generate, sample_files, write_sample


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_files_are_those_named_beforehand(tiny: Path) -> None:
    assert sorted(_digests(tiny)) == sorted(sample_files("tiny"))


@pytest.mark.parametrize("preset", ["tiny", "default", "full"])
def test_every_preset_has_all_four_kinds_and_the_notice(preset: str) -> None:
    files = sample_files(preset)
    assert files[:2] == ("SIMULATED.txt", "truth.json")
    assert {name.split("/")[0] for name in files[2:]} == {"customs", "patents", "yearbook", "world_trade"}


def test_file_names_are_known_without_loading_numpy_or_pandas() -> None:
    check = "import sys, citypanel.sample as s; s.sample_files('tiny'); print({'numpy', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_same_seed_gives_the_same_bytes_under_another_hash_seed(tiny: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from citypanel.sample import write_sample; "
        "write_sample(Path(sys.argv[1]), 'tiny', 3)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "TZ": "Asia/Shanghai"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], env=environment, check=True)
    assert _digests(tmp_path / "again") == _digests(tiny)


def test_another_seed_gives_other_rows(tiny: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "other", "tiny", 4, kinds=("customs",))
    mine, other = _digests(tiny), _digests(tmp_path / "other")
    assert all(other[name] != mine[name] for name in other if name.startswith("customs/"))


def test_some_kinds_alone_are_the_same_as_in_the_whole_sample(tiny: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "part", "tiny", 3, kinds=("world_trade", "yearbook"))
    mine, part = _digests(tiny), _digests(tmp_path / "part")
    raw = [name for name in part if "/" in name]
    assert len(raw) == 3
    assert all(part[name] == mine[name] for name in raw)


def test_the_notice_says_simulated_in_both_languages_and_that_tiny_is_scaled(tiny: Path) -> None:
    text = (tiny / "SIMULATED.txt").read_text(encoding="utf-8")
    assert "no evidence for or against the paper" in text
    assert "模拟数据" in text
    assert "divided by 20" in text
    assert "除以 20" in text


@pytest.mark.parametrize("preset", ["huge", "", "Tiny"])
def test_an_unknown_preset_names_those_there_are(preset: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tiny, default, full"):
        write_sample(tmp_path / "raw", preset, 1)
    with pytest.raises(InputError, match="tiny, default, full"):
        sample_files(preset)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "1", None, True])
def test_an_absurd_seed_is_refused_with_its_range(seed: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"seed .* is not a whole number from 0 to 9223372036854775807"):
        write_sample(tmp_path / "raw", "tiny", seed)  # type: ignore[arg-type]
    assert not any(tmp_path.iterdir())


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'custom' is no kind of raw file of yrd_cooperation; choose from customs"):
        write_sample(tmp_path / "raw", "tiny", 1, kinds=("custom",))


def test_a_folder_with_files_of_the_user_is_never_replaced(tmp_path: Path) -> None:
    own = tmp_path / "raw" / "customs" / "tradedata_2007_1.dta"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"licensed")
    with pytest.raises(InputError, match=r"first customs/tradedata_2007_1\.dta; name an empty folder"):
        write_sample(tmp_path / "raw", "tiny", 1, kinds=("world_trade",))
    assert own.read_bytes() == b"licensed"


def test_an_older_sample_and_empty_folders_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "raw" / "patents").mkdir(parents=True)
    write_sample(tmp_path / "raw", "tiny", 1, kinds=("yearbook",))
    first = _digests(tmp_path / "raw")
    write_sample(tmp_path / "raw", "tiny", 2, kinds=("yearbook",))
    assert _digests(tmp_path / "raw").keys() == first.keys()
    assert _digests(tmp_path / "raw") != first
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_too_little_space_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - the shape shutil returns
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    with pytest.raises(InputError, match=r"has 1 MB free, 60 MB are needed; free some space or choose"):
        write_sample(tmp_path / "raw", "tiny", 1)
    assert not any(tmp_path.iterdir())


def test_a_disk_that_fills_up_leaves_the_old_sample_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sample(tmp_path / "raw", "tiny", 1, kinds=("yearbook",))
    before = _digests(tmp_path / "raw")

    def full(folder: Path, *_: object) -> None:
        (folder / "half.csv").write_bytes(b"x" * 1000)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(generate, "write_patents", full)
    with pytest.raises(InputError, match="No space left on device; free some space or choose a smaller preset"):
        write_sample(tmp_path / "raw", "tiny", 2)
    assert _digests(tmp_path / "raw") == before
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize("study", STUDIES)
def test_a_real_disk_that_is_full_while_files_are_written_is_one_line_and_holds_nothing(
    study: str, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - the shape shutil returns
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 0, 10**12))
    with pytest.raises(InputError, match="No space left on device; free some space or choose a smaller preset"):
        write_sample(small_disk / "raw", "tiny", 1, study=study)
    assert list(small_disk.iterdir()) == []


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("x")
    with pytest.raises(InputError, match="is a file; name a folder"):
        write_sample(tmp_path / "raw", "tiny", 1)
