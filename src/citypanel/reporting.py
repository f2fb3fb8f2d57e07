"""How a job speaks: plain lines to the terminal and the rule's log, a user's error as one line, exit code 2."""

import errno
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from citypanel.errors import CitypanelError
from citypanel.receipts import Receipt, hashes, plain_items, receipt_path, write_receipt

log = logging.getLogger("citypanel")


@contextmanager
def job(snakemake: Any) -> Iterator[None]:
    """Run a rule's work, and leave a receipt of what it read and wrote.

    Parameters
    ----------
    snakemake : what Snakemake hands to a script. Its first log file is written, and everything also goes to stderr;
        the receipt lies beside that log.
    """
    path = str(snakemake.log[0])
    receipt_path(path).unlink(missing_ok=True)
    log.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [
        logging.StreamHandler(),
        logging.FileHandler(path, "w", encoding="utf-8"),
    ]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
    try:
        inputs = hashes(snakemake.input)
        yield
        write_receipt(_receipt(snakemake, inputs), path)
    except CitypanelError as error:
        log.error("error: %s", error)  # noqa: TRY400 - a user's error is a line, not a traceback
        sys.exit(2)
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        log.error("error: %s", broken_place(error))  # noqa: TRY400 - a full disk is no fault of the code
        sys.exit(2)
    finally:
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()


_REMEDIES = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space and run again",
    errno.EROFS: "make it writable, or choose another folder by pathvars: {results: ...}",
    errno.EACCES: "give yourself the right to it, or choose another folder",
    errno.EIO: "check that the disk or network folder is there and run again",
    errno.ESTALE: "check that the network folder is there and run again",
}


def broken_place(error: OSError) -> str:
    """Say in one line which file a fault of the disk is about, what happened and what to do."""
    number = error.errno or 0
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{os.strerror(number)}; {_REMEDIES[number]}; nothing half-written was kept"


def _receipt(snakemake: Any, inputs: dict[str, str]) -> Receipt:
    return Receipt(
        rule=str(snakemake.rule),
        inputs=inputs,
        outputs=hashes(snakemake.output),
        params=plain_items(snakemake.params),
        wildcards={key: str(value) for key, value in plain_items(snakemake.wildcards).items()},
        log=str(snakemake.log[0]),
        script=f"scripts/{Path(str(getattr(sys.modules['__main__'], '__file__', ''))).name}",
    )
