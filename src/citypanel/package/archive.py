"""The package as a folder and as a zip: the same files give the same bytes, on any day and any machine."""

import csv
import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from citypanel.atomic import written_beside
from citypanel.errors import InputError
from citypanel.receipts import sha256

MANIFEST = "MANIFEST.csv"
_DATE = (1980, 1, 1, 0, 0, 0)  # the first a zip can hold; a real one would differ from day to day
_MODE = 0o100644 << 16
_UNIX = 3
_STORED = (".docx", ".xlsx", ".pdf", ".png", ".parquet", ".zip")  # compressed already


@dataclass(frozen=True)
class Entry:
    """One file of the manifest."""

    path: str
    bytes: int
    sha256: str


def write_manifest(folder: Path) -> list[Entry]:
    """List all files of a package folder in its manifest, and return them; the manifest does not list itself."""
    entries = [entry for entry in entries_of(folder) if entry.path != MANIFEST]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["path", "bytes", "sha256"])
    writer.writerows([entry.path, entry.bytes, entry.sha256] for entry in entries)
    (folder / MANIFEST).write_text(target.getvalue(), encoding="utf-8")
    return entries


def entries_of(folder: Path) -> list[Entry]:
    """Return every file below a folder, sorted by its path."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    named = sorted((path.relative_to(folder).as_posix(), path) for path in found)
    return [Entry(name, path.stat().st_size, sha256(path)) for name, path in named]


def read_manifest(text: str, place: str) -> dict[str, Entry]:
    """Return a manifest's entries by path.

    Raises
    ------
    InputError
        A column is missing, or a size is no number.
    """
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != ("path", "bytes", "sha256"):
        raise InputError(f"{place}: found columns {', '.join(reader.fieldnames or ())}; allowed: path, bytes, sha256")
    try:
        return {row["path"]: Entry(row["path"], int(row["bytes"]), row["sha256"]) for row in reader}
    except ValueError:
        raise InputError(f"{place}: a size is no number; take the manifest of the package as it was made") from None


def write_zip(folder: Path, target: Path) -> None:
    """Write all files of a folder into a zip: sorted, of one date and one permission, beside and then renamed.

    Raises
    ------
    InputError
        The archive cannot be written there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(target) as beside, zipfile.ZipFile(beside, "w") as archive:
            for entry in entries_of(folder):
                info = zipfile.ZipInfo(entry.path, _DATE)
                info.create_system, info.external_attr = _UNIX, _MODE
                stored = entry.path.endswith(_STORED)
                info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                archive.writestr(info, (folder / entry.path).read_bytes(), compresslevel=9)
    except OSError as error:
        raise InputError(f"{target}: the package cannot be written ({error.strerror})") from None


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a package into a folder that is empty or absent.

    Raises
    ------
    InputError
        The archive is absent or broken, a name leads outside the folder, or the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; a package is rebuilt in a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                inside = os.path.normpath(folder / name)
                if not inside.startswith(str(folder) + os.sep):
                    raise InputError(f"{archive}: the entry '{name}' leads outside the package")
            opened.extractall(folder)
    except (FileNotFoundError, zipfile.BadZipFile):
        raise InputError(f"{archive} is no package: a zip written by `citypanel package` is expected") from None


def write_files(folder: Path, files: Mapping[str, Path | bytes]) -> None:
    """Write files, given as bytes or as the file to copy, into a folder."""
    for name, content in sorted(files.items()):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.read_bytes())


def total_bytes(entries: Iterable[Entry]) -> int:
    """Return the size of all files."""
    return sum(entry.bytes for entry in entries)
