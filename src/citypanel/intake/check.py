"""What is in a folder of raw files: per file the layout, encoding, rows, years, one decoded row, and what is wrong.

Nothing in the folder is changed: each file is read as intake would read it, into a temporary folder.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.archives import recognised, same_bytes
from citypanel.intake.kinds import INTAKES, MARK
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import RAW_TYPES, SHEETS, TEXT, RawFile, Recogniser, raw_name
from citypanel.intake.sheets import LOCK
from citypanel.intake.table import intake_table
from citypanel.intake.trade_keys import FOUND_BESIDE
from citypanel.registers import Registers

SAMPLE_CELLS = 8
LARGEST_READ = 200 << 20  # bytes; of larger files only the first block is looked at
SHOWN_FILES = 3  # named in a message
MONTHS = frozenset(range(1, 13))


@dataclass(frozen=True)
class Finding:
    """What one file is and what is wrong with it.

    `state` is ok, problems (rows will be rejected or repaired), unknown (no layout) or ignored (no raw file).
    `rows` counts the rows read, only the `first` ones if the file is large; `years` says which years they are of;
    `completeness` is that of exports (see the contract).
    """

    file: str
    state: str
    layout: str = ""
    table: str = ""
    container: str = ""
    encoding: str = ""
    rows: int | None = None
    first: bool = False
    years: str = ""
    sample: str = ""
    problems: tuple[str, ...] = ()
    completeness: pd.DataFrame | None = None

    def lines(self) -> list[str]:
        """Return the finding as lines for a reader."""
        if self.state == "ignored":
            return [f"{self.file}: ignored, {self.problems[0]}"]
        if self.state == "unknown":
            return [f"{self.file}: not recognised", f"  {self.problems[0]}"]
        rows = _counted(self.rows or 0, "row")
        rows = f"the first {rows} of a large file" if self.first else rows
        how = ", ".join(part for part in (self.container, self.encoding, rows) if part)
        head = [f"{self.file}: {self.layout} -> {self.table} ({how})"]
        head += [f"  years: {self.years}"] if self.years else []
        head += [f"  {line}" for line in completeness_lines([self])]
        return [*head, f"  first row: {self.sample}", *(f"  {problem}" for problem in self.problems)]


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
    twins = same_bytes([path for path in files if is_raw(path)])
    keys = list(_keys(files, recogniser))
    findings: list[Finding] = []
    for path in files:
        name = raw_name(path, root)
        if not is_raw(path):
            reason = "marks the folder as simulated" if path.name == MARK else f"no raw data in {path.suffix or 'it'}"
            findings.append(Finding(name, "ignored", problems=(reason,)))
            continue
        same = [f"the same bytes as {raw_name(twins[path], root)}: counted once"] if path in twins else []
        try:
            with recognised(recogniser, [path], root) as raws:
                findings += [_finding(raw, root, [*keys, *raws], same) for raw in raws]
        except InputError as fault:
            findings.append(Finding(name, "unknown", problems=(str(fault),)))
    return findings


def completeness_lines(findings: Iterable[Finding]) -> list[str]:
    """Return, by year of the exports found, how many rows have a quantity and which months are missing."""
    parts = [finding.completeness for finding in findings if finding.completeness is not None]
    if not parts:
        return []
    lines = []
    for year, rows in pd.concat(parts).groupby("year", sort=True):
        total, with_quantity = int(rows["rows"].sum()), int(rows["with_quantity"].sum())
        there = {int(month) for months in rows["months"] for month in months}
        absent = ", ".join(map(str, sorted(MONTHS - there)))
        months = "no months" if not there else "all months" if not absent else f"months missing: {absent}"
        lines.append(f"exports of {year}: {_counted(total, 'row')}, quantity in {with_quantity / total:.1%}, {months}")
    return lines


def raw_files(folder: Path) -> list[Path]:
    """Return all files under a folder in order, without hidden ones; raise InputError if there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder} does not exist; a folder with raw files is expected")
    every = sorted(path for path in folder.rglob("*") if path.is_file())
    found = [path for path in every if not _hidden(path, folder)]
    if not found and every:
        shown = ", ".join(raw_name(path, folder) for path in every[:SHOWN_FILES])
        raise InputError(f"{folder} holds only hidden files and locks of Excel ({shown}); put raw files into it")
    if not found:
        raise InputError(f"{folder} holds no file; put raw files into it")
    return found


def is_raw(path: Path) -> bool:
    """Whether a file may be raw data by its type; a note or a mark is not."""
    return path.name != MARK and path.suffix.lower() in RAW_TYPES


def _finding(raw: RawFile, root: Path, keys: Sequence[Path | RawFile], problems: Sequence[str]) -> Finding:
    found, rows, years = list(problems), None, ""
    completeness = None
    large = raw.path.stat().st_size > LARGEST_READ
    looked_at = replace(raw, blocks=1) if large else raw
    if raw.table not in INTAKES:
        rows = sum(len(block.rows) for block in read_blocks(looked_at))
    else:
        with tempfile.TemporaryDirectory(prefix="citypanel-check") as room:
            outputs = Outputs.beside(Path(room) / "table.parquet")
            try:
                account = intake_table(raw.table, [looked_at, *_serving(raw, keys)], outputs, root)
            except InputError as fault:
                rows = sum(len(block.rows) + len(block.refused) for block in read_blocks(looked_at))
                found.append(str(fault))
            else:
                rows = int(account.files["rows_read"].sum())
                years, completeness = _years(outputs.table, raw.table), account.completeness
                found += _problems(account)
    return Finding(
        file=raw.name,
        state="problems" if found else "ok",
        layout=raw.layout.name,
        table=raw.table,
        container=raw.container,
        encoding=raw.encoding,
        rows=rows,
        first=large,
        years=years,
        sample=_sample(raw),
        problems=tuple(found),
        completeness=completeness,
    )


def _serving(raw: RawFile, keys: Sequence[Path | RawFile]) -> list[RawFile]:
    return [key for key in keys if isinstance(key, RawFile) and raw.table in key.layout.serves]


def _years(table: Path, name: str) -> str:
    """Return the years of the rows kept, as 2003, 2005-2007."""
    column = pq.read_table(table, columns=["date" if name == "patents" else "year"]).column(0)
    years = sorted(pc.unique(pc.year(column) if name == "patents" else column).to_pylist())
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][1] + 1:
            spans[-1][1] = year
        else:
            spans.append([year, year])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _keys(files: Sequence[Path], recogniser: Recogniser) -> Iterator[RawFile]:
    """Yield the tables of names, labels, countries and incomes that a user put beside the data."""
    for path in files:
        if path.suffix.lower() in (*TEXT, *SHEETS) and not path.name.startswith(LOCK):
            try:
                found = recogniser.recognise(path)
            except InputError:
                continue
            if found.table == "key":
                yield found


def _problems(account: Account) -> Iterator[str]:
    for step in account.attrition.to_dict(orient="records"):
        lost = int(step["rows_before"]) - int(step["rows_after"])
        unit = "cell" if account.table == "city_year" and int(step["step"]) >= 2 else "row"
        if lost:
            yield f"{_counted(lost, unit)} {'leaves' if lost == 1 else 'leave'} at {step['name']}: {step['reason']}"
        found = step["name"] == "places_of_organisations" and step["reason"] != "unresolved"
        if int(step["changed"]) and not found and step["reason"] != FOUND_BESIDE:
            yield f"{int(step['changed'])} at {step['name']}: {step['reason']}"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


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
    for block in read_blocks(replace(raw, blocks=1)):
        yield from zip(*(column.slice(0, 1).to_pylist() for column in block.table.columns), strict=True)
        return


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
