"""Writing: a reader, or a run that is stopped, never meets half a file, and equal content has equal bytes."""

import io
import re
import zipfile
from pathlib import Path

_CORE = "docProps/core.xml"
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")
_FIXED_STAMP = rb"\g<1>2000-01-01T00:00:00Z\g<3>"
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, content: str) -> None:
    """Write a text as UTF-8 with plain line ends."""
    write_bytes(path, content.encode("utf-8"))


def undated(package: bytes) -> bytes:
    """Return an Office file (a zip) without the moment it was made: fixed dates of entries and properties."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == _CORE:
                content = _STAMP.sub(_FIXED_STAMP, content)
            fresh = zipfile.ZipInfo(entry.filename, _FIXED_DATE)
            fresh.compress_type = zipfile.ZIP_DEFLATED
            fresh.create_system = 3
            fresh.external_attr = 0o644 << 16
            new.writestr(fresh, content)
    return target.getvalue()
