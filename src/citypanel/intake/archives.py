"""Zip archives of raw files: each member is read as a file named `archive.zip/member.csv`."""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from citypanel.errors import InputError
from citypanel.intake.recognise import RAW_TYPES, RawFile, Recogniser, raw_name, stamp

ARCHIVE = ".zip"
BOMB_BYTES, BOMB_RATIO = 50_000_000, 300  # dense text packs 5 to 50 to one
_UTF8_NAME = 0x800  # flag of a member whose name is UTF-8


@contextmanager
def recognised(recogniser: Recogniser, files: Sequence[Path | RawFile], root: Path | None) -> Iterator[list[RawFile]]:
    """Recognise files and the members of archives; members live in a temporary folder until the end.

    A file that is recognised already is taken as it is. A file of the same bytes as an earlier one is marked so.
    """
    with tempfile.TemporaryDirectory(prefix="citypanel-zip") as room:
        raws: list[RawFile] = []
        for number, path in enumerate(files):
            if isinstance(path, RawFile):
                raws.append(path)
                continue
            if Path(path).name.startswith("."):
                continue  # what an operating system leaves in folders, as .DS_Store
            if Path(path).suffix.lower() != ARCHIVE:
                raws.append(recogniser.recognise(path, root=root))
                continue
            for member, name in unpacked(Path(path), raw_name(Path(path), root), Path(room) / str(number)):
                raws.append(replace(recogniser.recognise(member, called=name), name=name))
        twins = same_bytes([raw.path for raw in raws])
        names = {raw.path: raw.name for raw in raws}
        yield [replace(raw, twin=names[twins[raw.path]]) if raw.path in twins else raw for raw in raws]


def same_bytes(paths: Sequence[Path]) -> dict[Path, Path]:
    """Return the files that hold the same bytes as an earlier one, each with that one; only equal sizes are read."""
    by_size: dict[int, list[Path]] = {}
    for path in paths:
        by_size.setdefault(path.stat().st_size, []).append(path)
    first: dict[str, Path] = {}
    twins = {}
    for size, same in by_size.items():
        for path in same if size and len(same) > 1 else ():
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if first.setdefault(digest, path) != path:
                twins[path] = first[digest]
    return twins


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
    before = stamp(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if not item.is_dir() and not _is_clutter(item)]
            if not members:
                raise InputError(f"{name} holds no raw file; a zip of tables is expected")
            for number, item in enumerate(members):
                called = _member_name(item)
                _require_honest_size(item, f"{name}/{called}")
                # A folder of its own for each member: two members may have one name, and none chooses its place.
                target = room / str(number) / PurePosixPath(called).name
                target.parent.mkdir()
                with archive.open(item) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
                yield target, f"{name}/{called}"
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as fault:
        told = str(fault).splitlines()[0] if str(fault) else "it ends too early"
        raise InputError(f"{name} cannot be unpacked ({told}); copy it again or unpack it by hand") from None
    if stamp(path) != before:
        raise InputError(f"{name} changed while it was unpacked; run again when nothing writes to it any more")


def _require_honest_size(item: zipfile.ZipInfo, name: str) -> None:
    """Refuse a member that unpacks to many times what text can be packed into."""
    if item.file_size > BOMB_BYTES and item.file_size > BOMB_RATIO * max(item.compress_size, 1):
        raise InputError(
            f"{name} says it is {item.file_size // 1_000_000:,} MB, packed into {item.compress_size:,} bytes; "
            f"no raw file packs more than {BOMB_RATIO} to one: unpack it by hand if you trust it"
        )


def _member_name(item: zipfile.ZipInfo) -> str:
    """Return a member's name; Windows tools write Chinese names in GBK, which zip reads as cp437."""
    if item.flag_bits & _UTF8_NAME:
        return item.filename
    try:
        return item.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return item.filename


def _is_clutter(item: zipfile.ZipInfo) -> bool:
    """Whether a member is no raw data: hidden, a lock of Excel, a note that goes with the files."""
    path = PurePosixPath(item.filename)
    if any(part != ".." and part.startswith((".", "~$", "__MACOSX")) for part in path.parts):
        return True
    return path.stem.casefold().startswith("readme") or path.suffix.lower() not in RAW_TYPES
