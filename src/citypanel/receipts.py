"""What a job read and wrote, by content: the link between two files that a package and a reader can check.

A job leaves a receipt beside its log: its rule, its declaration, the fingerprint of its code, and a SHA-256 for each
file in and out. From receipts one can tell a result that was edited by hand, one that is older than its inputs, and
the way from a printed number back to the raw files.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from citypanel.atomic import written_beside
from citypanel.errors import InputError

SUFFIX = ".receipt.json"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Receipt:
    """One job: `inputs` and `outputs` are hashes by path, as the rule names it; `params` the job's slice."""

    rule: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    params: dict[str, Any]
    wildcards: dict[str, str]
    log: str = ""
    script: str = ""

    @property
    def code(self) -> str:
        """The fingerprint of the code that ran."""
        return str(self.params.get("code", ""))


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file, read in blocks."""
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        error.filename = str(path)  # a file that breaks while it is read does not say which one it is
        raise
    return digest.hexdigest()


def hashes(paths: Iterable[str]) -> dict[str, str]:
    """Return the hash of each file, by its path."""
    return {str(path): sha256(path) for path in sorted(map(str, paths))}


def receipt_path(log: Path | str) -> Path:
    """Return where the receipt of a job lies: beside its log."""
    return Path(log).with_suffix(SUFFIX)


def write_receipt(receipt: Receipt, log: Path | str) -> None:
    """Write the receipt of a job beside its log; the same job on the same files leaves the same bytes."""
    text = json.dumps(asdict(receipt), ensure_ascii=False, indent=1, sort_keys=True, default=str)
    with written_beside(receipt_path(log)) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def read_receipts(logs: Path) -> list[Receipt]:
    """Return the receipts of all jobs whose logs lie below a folder, in the order of their paths.

    Raises
    ------
    InputError
        A receipt cannot be read; the line names it and says what to do.
    """
    return [_read(path) for path in sorted(Path(logs).rglob(f"*{SUFFIX}"))]


def _read(path: Path) -> Receipt:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Receipt(**document)
    except (ValueError, TypeError):
        raise InputError(f"{path} is no receipt of a job; delete it and run the workflow again") from None


def plain_items(named: Any) -> dict[str, Any]:
    """Return the named items of what Snakemake hands to a script."""
    return dict(named) if isinstance(named, Mapping) else {str(key): value for key, value in named.items()}
