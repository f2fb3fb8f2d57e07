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
from citypanel.intake.kinds import INTAKES, MARK
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import SHEETS, TEXT, WAY_OUT, RawFile, Recogniser
from citypanel.intake.table import intake_table
from citypanel.registers import Registers

SAMPLE_CELLS = 8
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
    """Return a finding for every file under a folder, in the order of their names.

    Raises
    ------
    InputError
        The folder does not exist or holds no file.
    """
    root = Path(folder)
    files = raw_files(root)
    registers = registers or Registers()
    recogniser = Recogniser(registers)
    twins = _twins(files)
    return [_finding(path, root, recogniser, files, twins) for path in files]


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
    return path.name != MARK and path.suffix.lower() in (*TEXT, *SHEETS, *WAY_OUT)


def _finding(path: Path, root: Path, recogniser: Recogniser, files: Sequence[Path], twins: dict[Path, Path]) -> Finding:
    name = path.relative_to(root).as_posix()
    if not is_raw(path):
        reason = "marks the folder as simulated" if path.name == MARK else f"no raw data in {path.suffix or 'it'}"
        return Finding(name, "ignored", problems=(reason,))
    try:
        raw = recogniser.recognise(path, root=root)
    except InputError as fault:
        return Finding(name, "unknown", problems=(str(fault),))
    problems = [f"the same bytes as {twins[path].relative_to(root).as_posix()}"] if path in twins else []
    try:
        rows, found = _read(raw, path, root, files, recogniser)
        problems += found
    except InputError as fault:
        rows = sum(len(block.rows) + len(block.refused) for block in read_blocks(raw))
        problems.append(str(fault))
    return Finding(
        file=name,
        state="problems" if problems else "ok",
        layout=raw.layout.name,
        table=raw.table,
        container=raw.container,
        encoding=raw.encoding,
        rows=rows,
        sample=_sample(raw),
        problems=tuple(problems),
    )


def _read(
    raw: RawFile, path: Path, root: Path, files: Sequence[Path], recogniser: Recogniser
) -> tuple[int | None, list[str]]:
    """Read one file as intake would; return its rows and what is wrong."""
    if raw.table not in INTAKES:
        return sum(len(block.rows) for block in read_blocks(raw)), []
    if path.stat().st_size > LARGEST_READ:
        block = next(iter(read_blocks(raw)))
        return None, [f"row {item.row}: {item.reason}" for item in block.refused[:5]]
    keys = _keys(files, recogniser) if raw.table == "city_year" else []
    with tempfile.TemporaryDirectory(prefix="citypanel-check") as room:
        account = intake_table(raw.table, [path, *keys], Outputs.beside(Path(room) / "table.parquet"), root)
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
    for row in raw.top[raw.header_rows :]:
        cells = [cell.strip() for cell in row if cell.strip()]
        if cells:
            return " | ".join(cells[:SAMPLE_CELLS])
    return "none"


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
