"""One door to the four intakes: raw files of one kind in, a canonical table and its accounts out."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from citypanel.canonical import Origin
from citypanel.declare.intake import RULES
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.kinds import INTAKES, MARK
from citypanel.intake.recognise import RawFile
from citypanel.reporting import log


def intake_table(
    table: str,
    files: Sequence[Path | RawFile],
    outputs: Outputs,
    root: Path,
    rules: Mapping[str, Any] | None = None,
) -> Account:
    """Read the raw files of one canonical table.

    Parameters
    ----------
    table : str
        One of `INTAKES`.
    files : paths
    outputs : Outputs
        Where table, rejects, attrition and files are written.
    root : Path
        The raw folder; if it holds `MARK`, all that is made from it is marked as simulated.
    rules : mapping, optional
        Rules of the table's kind, as declared in the configuration.
    """
    if table not in INTAKES:
        raise InputError(f"table '{table}' has no intake; allowed: {', '.join(INTAKES)}")
    module = INTAKES[table]
    intake: Callable[..., Account] = getattr(import_module(module), f"intake_{module.rpartition('.')[2]}")
    chosen = {"rules": RULES[table](**rules)} if rules else {}
    account = intake(files, outputs, root=root, origin=marked_origin(root), **chosen)
    for line in account.files.to_dict(orient="records"):
        log.info(
            "%s: %s rows read, %s kept, %s rejected, %s merged",
            *(line[key] for key in ("source_file", "rows_read", "rows_kept", "rows_rejected", "rows_merged")),
        )
    log.info("%s: %s rows", table, account.rows)
    return account


def marked_origin(root: Path) -> Origin | None:
    """Return the origin of simulated files if the folder is marked, None if the layouts state it."""
    return Origin(simulated=True, licences=("simulated",)) if (root / MARK).is_file() else None
