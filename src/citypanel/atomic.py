"""Files and folders that appear whole or not at all."""

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give a path beside `path`; rename it to `path` on success, remove it on failure.

    What a writer that was killed left there is removed, too.
    """
    path = Path(path)
    _clear(path)
    beside = path.with_name(f".{path.name}{_ending()}")
    try:
        yield beside
        os.replace(beside, path)  # noqa: PTH105  (the atomic rename is the point; Path.replace hides it)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def room_beside(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path`, so on the same disk, and remove it in the end.

    What a writer that was killed left there is removed, too.
    """
    path = Path(path)
    _clear(path)
    room = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=_ending(), dir=path.parent))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _ending() -> str:
    """Return the end of a name that says whose work it is."""
    return f".{os.getpid()}.part"


def _clear(path: Path) -> None:
    """Make the folder of `path`, and remove what processes now dead left in it on their way to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*part"):
        if _is_alive(left.name.split(".")[-2]):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
