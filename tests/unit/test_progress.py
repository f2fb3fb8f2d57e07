import io
import logging
from itertools import count

import pytest

from citypanel import progress as module
from citypanel.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is five seconds later than the one before."""
    ticks = count(0, 5)
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(ticks)))


def test_a_short_loop_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    terminal = Terminal()
    with caplog.at_level(logging.INFO, "citypanel"):
        assert list(progress("abc", 3, "letters", terminal)) == ["a", "b", "c"]
    assert terminal.getvalue() == ""
    assert caplog.messages == []


def test_a_long_loop_draws_a_bar_on_a_terminal_and_takes_it_away(clock: None) -> None:
    terminal = Terminal()
    assert list(progress(range(4), 4, "files", terminal)) == [0, 1, 2, 3]
    assert "\r[###############...............] 2 of 4 files" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


def test_a_long_loop_writes_a_line_a_minute_where_there_is_no_terminal(
    clock: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "citypanel"):
        assert len(list(progress(range(40), 40, "files", io.StringIO()))) == 40
    assert caplog.messages[0] == "1 of 40 files"
    assert 3 <= len(caplog.messages) <= 5  # two hundred seconds
