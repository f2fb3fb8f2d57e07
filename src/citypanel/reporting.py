"""How a job speaks: plain lines to the terminal and the rule's log, a user's error as one line, exit code 2."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    finally:
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()


def _receipt(snakemake: Any, inputs: dict[str, str]) -> Receipt:
    return Receipt(
        rule=str(snakemake.rule),
        inputs=inputs,
        outputs=hashes(snakemake.output),
        params=plain_items(snakemake.params),
        wildcards={key: str(value) for key, value in plain_items(snakemake.wildcards).items()},
    )
