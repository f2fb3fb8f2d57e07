"""What happened to every raw row: rejects with file, row and reason; attrition by step; a line per file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from citypanel.canonical import Origin, write_table
from citypanel.contracts import CONTRACTS
from citypanel.errors import InputError
from citypanel.intake.reading import EMPTY, Refused, read_blocks
from citypanel.intake.recognise import RawFile
from citypanel.reporting import log

UNITS = ("rows", "firms", "hs6", "destinations", "cities", "cities_registered", "value_usd")


@dataclass(frozen=True)
class Outputs:
    """Where an intake writes: the canonical table, its rejects, its attrition and a line per raw file.

    If they are named, also `completeness` (exports: quantities and months by year) and `flows` (trade as
    `citypanel indicator quality` reads it).
    """

    table: Path
    rejects: Path
    attrition: Path
    files: Path
    completeness: Path | None = None
    flows: Path | None = None

    @classmethod
    def beside(cls, table: Path) -> "Outputs":
        """Name the three accounts after the table: exports.parquet, exports.rejects.parquet, ..."""
        table = Path(table)
        return cls(table, *(table.with_suffix(f".{kind}.parquet") for kind in ("rejects", "attrition", "files")))


@dataclass(frozen=True)
class Account:
    """The accounts of one intake as frames that follow the contracts of their names; `completeness` of exports."""

    table: str
    rows: int
    attrition: pd.DataFrame
    files: pd.DataFrame
    completeness: pd.DataFrame | None = None


@dataclass
class Journal:
    """Collects rejects, steps and files while an intake runs."""

    table: str
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    rejects: list[dict[str, object]] = field(default_factory=list)
    steps: list[dict[str, object]] = field(default_factory=list)
    twins: int = 0
    completeness: pd.DataFrame | None = None

    def open(self, raw: RawFile) -> None:
        """Start the line of a file."""
        self.files[raw.name] = {
            "source_file": raw.name,
            "table": self.table,
            "layout": raw.layout.name,
            "encoding": raw.encoding or None,
            "rows_read": 0,
            "rows_kept": 0,
            "rows_rejected": 0,
            "rows_merged": 0,
        }

    def count(self, source: str, what: str, rows: int) -> None:
        """Add to `rows_read`, `rows_kept`, `rows_rejected` or `rows_merged` of a file."""
        self.files[source][what] = int(str(self.files[source][what])) + int(rows)

    def refuse(self, source: str, refused: Iterable[Refused]) -> None:
        """Put rows among the rejects and count them."""
        for item in refused:
            row = {"source_file": source, "source_row": item.row, "reason": item.reason, "text": item.text}
            self.rejects.append(row)
            self.count(source, "rows_rejected", 1)

    def step(
        self,
        number: int,
        name: str,
        reason: str,
        before: Mapping[str, float],
        after: Mapping[str, float],
        *,
        changed: int = 0,
    ) -> None:
        """Add a step: what there was before and after (by unit; a unit that is absent is unknown)."""
        row: dict[str, object] = {"table": self.table, "step": number, "name": name, "reason": reason}
        for unit in UNITS:
            row[f"{unit}_before"] = before.get(unit)
            row[f"{unit}_after"] = after.get(unit)
        self.steps.append({**row, "changed": changed})

    def account(self, rows: int) -> Account:
        """Return the collected steps and files as frames."""
        steps = sorted(self.steps, key=lambda step: int(str(step["step"])))
        attrition = pd.DataFrame(steps, columns=_names("attrition"))
        files = pd.DataFrame([*self.files.values()], columns=_names("files"))
        return Account(self.table, rows, attrition, files, self.completeness)

    def without_twins(self, rows: int) -> int:
        """Add the step at which files of the same bytes as earlier ones leave; `rows` are those of all others."""
        if self.twins:
            self.step(
                0, "read", "the file holds the same bytes as another", {"rows": rows + self.twins}, {"rows": rows}
            )
        return rows

    def write(
        self, outputs: Outputs, rows: int, origin: Origin, rejects: pa.RecordBatchReader | None = None
    ) -> Account:
        """Write rejects, attrition and files; a stream of `rejects` stands for the collected ones."""
        own = pd.DataFrame(self.rejects, columns=_names("rejects"))
        write_table(own if rejects is None else rejects, outputs.rejects, "rejects", origin=origin)
        return self.write_account(outputs, rows, origin)

    def write_account(self, outputs: Outputs, rows: int, origin: Origin) -> Account:
        """Write attrition, files and, if they are named, completeness."""
        account = self.account(rows)
        write_table(account.attrition, outputs.attrition, "attrition", origin=origin)
        write_table(account.files, outputs.files, "files", origin=origin)
        if outputs.completeness is not None and account.completeness is not None:
            write_table(account.completeness, outputs.completeness, "completeness", origin=origin)
        return account


def set_aside(raw: RawFile, journal: Journal) -> bool:
    """Count the rows of a file of the same bytes as another as merged into that one's; tell whether it is one."""
    if not raw.twin:
        return False
    rows = sum(len(block.rows) + len(block.refused) for block in read_blocks(raw))
    journal.count(raw.name, "rows_read", rows)
    journal.count(raw.name, "rows_merged", rows)
    journal.twins += rows
    log.warning("%s holds the same bytes as %s: its %s rows are not counted again", raw.name, raw.twin, rows)
    return True


def require_rows(journal: Journal) -> None:
    """Refuse input that has headers only."""
    empty = sum(item["reason"] == EMPTY for item in journal.rejects)
    if sum(int(str(line["rows_read"])) for line in journal.files.values()) == empty:
        found = ", ".join(journal.files)
        raise InputError(f"{found}: headers without rows; export the data again")


def refused_by_step(journal: Journal, number: int, name: str, rows: int) -> int:
    """Add one step per reason among the rejects collected so far; return how many rows are left."""
    rows = journal.without_twins(rows - journal.twins)
    reasons: dict[str, int] = {}
    for item in journal.rejects:
        reasons[str(item["reason"])] = reasons.get(str(item["reason"]), 0) + 1
    left = rows
    if not reasons:
        journal.step(number, name, "no row is refused", {"rows": rows}, {"rows": rows})
    for reason in sorted(reasons):
        journal.step(number, name, reason, {"rows": left}, {"rows": left - reasons[reason]})
        left -= reasons[reason]
    return left


def _names(contract: str) -> list[str]:
    return [column.name for column in CONTRACTS[contract].columns]
