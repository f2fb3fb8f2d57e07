"""What is left of writers that were killed, and of those that live."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from citypanel.atomic import room_beside, written_beside


@pytest.fixture
def ended() -> int:
    """The number of a process that is over."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_writer_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path, ended) -> None:
    (tmp_path / f".table.csv.{ended}.part").touch()
    (tmp_path / f".table.csv.{os.getppid()}.part").touch()
    with written_beside(tmp_path / "table.csv") as beside:
        beside.write_text("a", encoding="utf-8")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [f".table.csv.{os.getppid()}.part", "table.csv"]


def test_a_room_goes_in_the_end_with_the_rooms_of_the_dead_and_not_of_the_living(tmp_path: Path, ended) -> None:
    for pid in (ended, os.getppid()):
        (tmp_path / f".raw.abcd1234.{pid}.part" / "customs").mkdir(parents=True)
    with room_beside(tmp_path / "raw") as one, room_beside(tmp_path / "raw") as two:
        assert one != two
        (one / "a").touch()
    assert [path.name for path in tmp_path.iterdir()] == [f".raw.abcd1234.{os.getppid()}.part"]


def test_a_room_and_a_file_on_the_way_to_one_output_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "table.csv"
    with room_beside(path) as room, written_beside(path) as beside:
        assert room != beside
        beside.touch()
    assert [left.name for left in path.parent.iterdir()] == ["table.csv"]
