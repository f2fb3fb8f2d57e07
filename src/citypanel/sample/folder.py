"""A folder that appears whole or not at all."""

import errno
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from citypanel.atomic import room_beside
from citypanel.errors import InputError

SPARE_MEGABYTES = 50


@contextmanager
def replacing(folder: Path, known: Iterable[str], megabytes: int) -> Iterator[Path]:
    """Give a new folder beside `folder` to write into, and put it in its place when all went well.

    An existing folder is replaced only if it holds nothing but files of `known` (relative paths): no
    raw file of a user is ever lost. On any failure the new folder is removed, the old one stands as it was.
    """
    _require_replaceable(folder, set(known))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _require_space(folder.parent, megabytes)
        with room_beside(folder) as room:
            fresh = room / "fresh"
            fresh.mkdir()
            yield fresh
            _swap(fresh, folder, room / "was")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some space or choose a smaller preset" if full else "choose another folder"
        raise InputError(f"sample: {folder} cannot be written: {error.strerror}; {remedy}") from None


def _require_replaceable(folder: Path, known: set[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"sample: {folder} is a file; name a folder")
    others = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir() and path.relative_to(folder).as_posix() not in known
    )
    if others:
        raise InputError(
            f"sample: {folder} holds files that are not the sample's, first {others[0]}; name an empty folder"
        )


def _require_space(parent: Path, megabytes: int) -> None:
    free = shutil.disk_usage(parent).free // 1_000_000
    if free < megabytes + SPARE_MEGABYTES:
        raise InputError(
            f"sample: {parent} has {free} MB free, {megabytes + SPARE_MEGABYTES} MB are needed; "
            "free some space or choose a smaller preset"
        )


def _swap(fresh: Path, folder: Path, was: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    folder.rename(was)
    try:
        fresh.rename(folder)
    except OSError:
        was.rename(folder)
        raise
