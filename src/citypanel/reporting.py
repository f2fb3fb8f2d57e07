"""How a job speaks: plain lines to the terminal and the rule's log, a user's error as one line, exit code 2."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from citypanel.errors import CitypanelError

log = logging.getLogger("citypanel")


@contextmanager
def job(logs: object) -> Iterator[None]:
    """Run a rule's work.

    Parameters
    ----------
    logs : the rule's log files; the first one is written, and everything also goes to stderr.
    """
    path = str(logs[0])  # type: ignore[index]
    log.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [
        logging.StreamHandler(),
        logging.FileHandler(path, "w", encoding="utf-8"),
    ]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
    try:
        yield
    except CitypanelError as error:
        log.error("error: %s", error)  # noqa: TRY400 - a user's error is a line, not a traceback
        sys.exit(2)
    finally:
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()
