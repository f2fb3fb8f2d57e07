"""Zip archives of raw files: each member is read as a file named `archive.zip/member.csv`."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from citypanel.errors import InputError
from citypanel.intake.recognise import RawFile, Recogniser, raw_name

ARCHIVE = ".zip"
_UTF8_NAME = 0x800  # flag of a member whose name is UTF-8


@contextmanager
def recognised(recogniser: Recogniser, files: Sequence[Path | RawFile], root: Path | None) -> Iterator[list[RawFile]]:
    """Recognise files and the members of archives; members live in a temporary folder until the end.

    A file that is recognised already is taken as it is.
    """
    with tempfile.TemporaryDirectory(prefix="citypanel-zip") as room:
        raws: list[RawFile] = []
        for number, path in enumerate(files):
            if isinstance(path, RawFile):
                raws.append(path)
                continue
            if Path(path).suffix.lower() != ARCHIVE:
                raws.append(recogniser.recognise(path, root=root))
                continue
            for member, name in unpacked(Path(path), raw_name(Path(path), root), Path(room) / str(number)):
                raws.append(replace(recogniser.recognise(member, called=name), name=name))
        yield raws


def unpacked(path: Path, name: str, room: Path) -> Iterator[tuple[Path, str]]:
    """Unpack an archive into a folder; yield each member with the name its rows will carry.

    Raises
    ------
    InputError
        The archive is absent, broken or encrypted, or holds nothing.
    """
    if not path.is_file():
        raise InputError(f"{name} does not exist; a raw file is expected")
    room.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if not item.is_dir() and not _is_clutter(item)]
            if not members:
                raise InputError(f"{name} holds no file; a zip with raw files is expected")
            for number, item in enumerate(members):
                called = _member_name(item)
                # A folder of its own for each member: two members may have one name, and none chooses its place.
                target = room / str(number) / PurePosixPath(called).name
                target.parent.mkdir()
                with archive.open(item) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
                yield target, f"{name}/{called}"
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as fault:
        raise InputError(f"{name} cannot be unpacked ({str(fault).splitlines()[0]}); unpack it by hand") from None


def _member_name(item: zipfile.ZipInfo) -> str:
    """Return a member's name; Windows tools write Chinese names in GBK, which zip reads as cp437."""
    if item.flag_bits & _UTF8_NAME:
        return item.filename
    try:
        return item.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return item.filename


def _is_clutter(item: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(item.filename).parts
    return any(part != ".." and part.startswith((".", "~$", "__MACOSX")) for part in parts)
