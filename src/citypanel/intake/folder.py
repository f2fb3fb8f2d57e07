"""A whole folder of raw files to canonical tables, without a study."""

from dataclasses import dataclass
from pathlib import Path

from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.check import is_raw, raw_files
from citypanel.intake.kinds import INTAKES
from citypanel.intake.recognise import Recogniser
from citypanel.intake.table import intake_table


@dataclass(frozen=True)
class FolderAccount:
    """The accounts of the tables written, and the files no table was made from, each with the reason."""

    accounts: tuple[Account, ...]
    left_out: tuple[tuple[str, str], ...]


def intake_folder(folder: Path, out: Path) -> FolderAccount:
    """Read every raw file under a folder into the canonical table it feeds.

    Parameters
    ----------
    folder : Path
        Raw files in any subfolders; what a file is shows in its headers, not in its place.
    out : Path
        Folder for `exports.parquet`, `patents.parquet`, `city_year.parquet`, `world_trade.parquet`, and beside
        each its `.rejects`, `.attrition` and `.files`.

    Raises
    ------
    InputError
        The folder is absent or empty, no file is recognised, or `out` lies in the raw folder.
    """
    root, target = Path(folder), Path(out)
    found = raw_files(root)
    if target.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{out} lies inside the raw folder {folder}; give a folder outside it")
    recogniser = Recogniser()
    by_table: dict[str, list[Path]] = {table: [] for table in INTAKES}
    keys: list[Path] = []
    left_out: list[tuple[str, str]] = []
    for path in found:
        if not is_raw(path):
            continue
        try:
            table = recogniser.recognise(path, root=root).table
        except InputError as fault:
            left_out.append((path.relative_to(root).as_posix(), str(fault)))
            continue
        (keys if table == "key" else by_table[table]).append(path)
    if not any(by_table.values()):
        reason = left_out[0][1] if left_out else "none has the type of a raw file"
        raise InputError(f"{folder}: no file is recognised ({reason})")
    accounts = [
        intake_table(
            table,
            [*paths, *keys] if table == "city_year" else paths,
            Outputs.beside(target / f"{table}.parquet"),
            root,
        )
        for table, paths in by_table.items()
        if paths
    ]
    return FolderAccount(tuple(accounts), tuple(left_out))
