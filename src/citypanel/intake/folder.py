"""A whole folder of raw files to canonical tables, without a study."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.archives import recognised
from citypanel.intake.check import is_raw, raw_files
from citypanel.intake.kinds import INTAKES
from citypanel.intake.recognise import RawFile, Recogniser, raw_name
from citypanel.intake.table import intake_table


@dataclass(frozen=True)
class FolderAccount:
    """The accounts of the tables written, and the files no table was made from, each with the reason."""

    accounts: tuple[Account, ...]
    left_out: tuple[tuple[str, str], ...]


def intake_folder(folder: Path, out: Path, *, flows: bool = False) -> FolderAccount:
    """Read every raw file under a folder into the canonical table it feeds.

    Parameters
    ----------
    folder : Path
        Raw files in any subfolders; what a file is shows in its headers, not in its place.
    out : Path
        Folder for `exports.parquet`, `patents.parquet`, `city_year.parquet`, `world_trade.parquet`, and beside
        each its `.rejects`, `.attrition` and `.files`; for exports also `.completeness`.
    flows : bool
        Also write `exports.flows.parquet` and, of bilateral files, `world_trade.flows.parquet`, which
        `citypanel indicator quality` reads.

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
    with ExitStack() as rooms:
        raws, left_out = _recognised(recogniser, [path for path in found if is_raw(path)], root, rooms)
        if all(raw.table == "key" for raw in raws):
            reason = left_out[0][1] if left_out else "none has the type of a raw file"
            raise InputError(f"{folder}: no file is recognised as data ({reason})")
        accounts = [
            intake_table(table, [*own, *keys], _outputs(target, table, flows=flows), root)
            for table in INTAKES
            if (own := [raw for raw in raws if raw.table == table])
            and (keys := [raw for raw in raws if table in raw.layout.serves]) is not None
        ]
    return FolderAccount(tuple(accounts), tuple(left_out))


def _outputs(target: Path, table: str, *, flows: bool) -> Outputs:
    outputs = Outputs.beside(target / f"{table}.parquet")
    more = {"completeness": table == "exports", "flows": flows and table in {"exports", "world_trade"}}
    return replace(outputs, **{name: target / f"{table}.{name}.parquet" for name, wanted in more.items() if wanted})


def _recognised(
    recogniser: Recogniser, paths: list[Path], root: Path, rooms: ExitStack
) -> tuple[list[RawFile], list[tuple[str, str]]]:
    """Recognise what can be recognised; return also the others, each with the reason."""
    raws: list[RawFile] = []
    left_out: list[tuple[str, str]] = []
    for path in paths:
        try:
            raws += rooms.enter_context(recognised(recogniser, [path], root))
        except InputError as fault:
            left_out.append((raw_name(path, root), str(fault)))
    return raws, left_out
