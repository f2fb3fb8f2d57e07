"""What is in a folder of raw files: per file the layout, encoding, rows, one decoded row, and what is wrong.

Nothing in the folder is changed: each file is read as intake would read it, into a temporary folder.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.archives import recognised
from citypanel.intake.kinds import INTAKES, MARK
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import (
    ARCHIVES,
    PARQUET,
    SHEETS,
    STATA,
    TEXT,
    WAY_OUT,
    RawFile,
    Recogniser,
    raw_name,
)
from citypanel.intake.table import intake_table
from citypanel.registers import Registers

SAMPLE_CELLS = 8
_RAW_TYPES = (*TEXT, *SHEETS, *STATA, *PARQUET, *ARCHIVES, *WAY_OUT)
LARGEST_READ = 200 << 20  # bytes; of larger files only the first block is looked at


@dataclass(frozen=True)
class Finding:
    """What one file is and what is wrong with it.

    `state` is ok, problems (rows will be rejected or repaired), unknown (no layout) or ignored (no raw file).
    `rows` is None where the file was not read to its end.
    """

    file: str
    state: str
    layout: str = ""
    table: str = ""
    container: str = ""
    encoding: str = ""
    rows: int | None = None
    sample: str = ""
    problems: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the finding as lines for a reader."""
        if self.state == "ignored":
            return [f"{self.file}: ignored, {self.problems[0]}"]
        if self.state == "unknown":
            return [f"{self.file}: not recognised", f"  {self.problems[0]}"]
        rows = "only its beginning was read" if self.rows is None else f"{self.rows} rows"
        how = ", ".join(part for part in (self.container, self.encoding, rows) if part)
        head = [f"{self.file}: {self.layout} -> {self.table} ({how})", f"  first row: {self.sample}"]
        return head + [f"  {problem}" for problem in self.problems]


def check_raw(folder: Path, *, registers: Registers | None = None) -> list[Finding]:
    """Return a finding for every file under a folder, members of archives too, in the order of their names.

    Raises
    ------
    InputError
        The folder does not exist or holds no file.
    """
    root = Path(folder)
    files = raw_files(root)
    recogniser = Recogniser(registers or Registers())
    twins = _twins(files)
    keys = list(_keys(files, recogniser))
    findings: list[Finding] = []
    for path in files:
        name = raw_name(path, root)
        if not is_raw(path):
            reason = "marks the folder as simulated" if path.name == MARK else f"no raw data in {path.suffix or 'it'}"
            findings.append(Finding(name, "ignored", problems=(reason,)))
            continue
        same = [f"the same bytes as {raw_name(twins[path], root)}"] if path in twins else []
        try:
            with recognised(recogniser, [path], root) as raws:
                findings += [_finding(raw, root, keys, same) for raw in raws]
        except InputError as fault:
            findings.append(Finding(name, "unknown", problems=(str(fault),)))
    return findings


def raw_files(folder: Path) -> list[Path]:
    """Return all files under a folder in order, without hidden ones; raise InputError if there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist; a folder with raw files is expected")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path, folder))
    if not found:
        raise InputError(f"{folder} holds no file; put raw files into it")
    return found


def is_raw(path: Path) -> bool:
    """Whether a file may be raw data by its type; a note or a mark is not."""
    return path.name != MARK and path.suffix.lower() in _RAW_TYPES


def _finding(raw: RawFile, root: Path, keys: Sequence[Path], problems: Sequence[str]) -> Finding:
    found = list(problems)
    rows: int | None
    try:
        rows, more = _read(raw, root, keys)
        found += more
    except InputError as fault:
        rows = sum(len(block.rows) + len(block.refused) for block in read_blocks(raw))
        found.append(str(fault))
    return Finding(
        file=raw.name,
        state="problems" if found else "ok",
        layout=raw.layout.name,
        table=raw.table,
        container=raw.container,
        encoding=raw.encoding,
        rows=rows,
        sample=_sample(raw),
        problems=tuple(found),
    )


def _read(raw: RawFile, root: Path, keys: Sequence[Path]) -> tuple[int | None, list[str]]:
    """Read one file as intake would; return its rows and what is wrong."""
    if raw.table not in INTAKES:
        return sum(len(block.rows) for block in read_blocks(raw)), []
    if raw.path.stat().st_size > LARGEST_READ:
        block = next(iter(read_blocks(raw)))
        return None, [f"row {item.row}: {item.reason}" for item in block.refused[:5]]
    with tempfile.TemporaryDirectory(prefix="citypanel-check") as room:
        beside = keys if raw.table == "city_year" else ()
        account = intake_table(raw.table, [raw, *beside], Outputs.beside(Path(room) / "table.parquet"), root)
    return int(account.files["rows_read"].sum()), list(_problems(account))


def _keys(files: Sequence[Path], recogniser: Recogniser) -> Iterator[Path]:
    """Yield the tables of city names and of labels that a user put beside the yearbooks."""
    for path in files:
        if path.suffix.lower() in TEXT:
            try:
                if recogniser.recognise(path).table == "key":
                    yield path
            except InputError:
                continue


def _problems(account: Account) -> Iterator[str]:
    for step in account.attrition.to_dict(orient="records"):
        lost = int(step["rows_before"]) - int(step["rows_after"])
        unit = "cells" if account.table == "city_year" and int(step["step"]) >= 2 else "rows"
        if lost:
            yield f"{lost} {unit} leave at {step['name']}: {step['reason']}"
        resolved = step["name"] == "places_of_organisations" and step["reason"] != "unresolved"
        if int(step["changed"]) and not resolved:
            yield f"{int(step['changed'])} at {step['name']}: {step['reason']}"


def _sample(raw: RawFile) -> str:
    """Return the first cells of the first data row, decoded, so that mojibake would be seen."""
    for row in _first_rows(raw):
        cells = [cell.strip() for cell in row if cell.strip()]
        if cells:
            return " | ".join(cells[:SAMPLE_CELLS])
    return "none"


def _first_rows(raw: RawFile) -> Iterator[tuple[str, ...]]:
    if raw.container not in {"dta", "parquet"}:
        yield from raw.top[raw.header_rows :]
        return
    for block in read_blocks(raw):
        yield from zip(*(column.slice(0, 1).to_pylist() for column in block.table.columns), strict=True)
        return


def _twins(files: Sequence[Path]) -> dict[Path, Path]:
    """Return files that hold the same bytes as an earlier one."""
    by_size = sorted((path for path in files if is_raw(path)), key=lambda p: p.stat().st_size)
    same = {p for a, b in pairwise(by_size) if a.stat().st_size == b.stat().st_size for p in (a, b)}
    first: dict[str, Path] = {}
    twins = {}
    for path in sorted(same):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if path.stat().st_size and first.setdefault(digest, path) != path:
            twins[path] = first[digest]
    return twins


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
