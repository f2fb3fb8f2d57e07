"""How far a long loop is: a bar on a terminal, a line now and then in a log."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

log = logging.getLogger("citypanel")
Item = TypeVar("Item")

BAR = 30  # characters
FIRST_LINE, NEXT_LINE, NEXT_BAR = 10.0, 60.0, 0.2  # seconds: a short loop says nothing


def progress(items: Iterable[Item], total: int, what: str, stream: TextIO | None = None) -> Iterator[Item]:
    """Yield the items and say how many of them are done.

    Parameters
    ----------
    items : iterable
    total : int
        How many there are.
    what : str
        What they are, as "files of exports".
    stream : text file, optional
        Where a bar is drawn if it is a terminal; by default stderr. Elsewhere the log gets a line after ten seconds
        and then one a minute.
    """
    shown = sys.stderr if stream is None else stream
    drawn = shown.isatty()
    due = time.monotonic() + (NEXT_BAR if drawn else FIRST_LINE)
    bars = 0
    for done, item in enumerate(items):
        if time.monotonic() >= due:
            due = time.monotonic() + (NEXT_BAR if drawn else NEXT_LINE)
            if drawn:
                bars += 1
                filled = BAR * done // max(total, 1)
                shown.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done} of {total} {what}")
                shown.flush()
            else:
                log.info("%s of %s %s", done, total, what)
        yield item
    if bars:
        shown.write("\r\033[K")  # the bar makes room for the lines that follow
        shown.flush()
