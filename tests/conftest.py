"""Fixtures that every test may use."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from checkouts import Checkout, copy_checkout

# The same examples in every run, so that a failure is of the change and not of the draw;
# `HYPOTHESIS_PROFILE=explore make test` draws new ones.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that run whole workflows: the longest last would leave all workers but one idle.

    The cluster comes first: much of its time is waiting, which the other workers fill.
    """
    long = ("cluster", "workflow", "real")
    places = {name: place for place, name in enumerate(long)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(long)))


@pytest.fixture(scope="session")
def shared() -> Callable[..., Path]:
    """Return a finder of files that may not enter the repository; it skips the test where they are absent."""

    def find(*parts: str) -> Path:
        path = SHARED.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"{'/'.join(parts)} is not beside this checkout; it may not be redistributed")
        return path

    return find


@pytest.fixture(scope="session")
def project() -> Path:
    """Return the root of the checkout."""
    return PROJECT


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what notes a figure of a test; all of them are printed at the end, also those of other workers."""
    return lambda text: request.node.user_properties.append(("told", text))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests went through; docs/reliability.md states these figures."""
    # The last report of a test knows what its fixtures noted too; pytest keeps it under no name.
    reports = [report for report in terminalreporter.stats.get("", []) if report.when == "teardown"]
    lines = [text for report in reports for name, text in report.user_properties if name == "told"]
    if lines:
        terminalreporter.section("what was gone through")
        terminalreporter.write("".join(f"{line}\n" for line in lines))


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Checkout]:
    """Return a maker of checkouts in which nothing has run."""
    return lambda: copy_checkout(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which every target of every study has been made: once for all workers, a copy for each."""
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made = common / "made_once"
    with (common / "made_once.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not made.exists():
            checkout = copy_checkout(common / "making")
            done = checkout.snakemake()
            assert done.returncode == 0, done.stdout + done.stderr
            checkout.root.rename(made)
    # Tests edit files; a checkout may be moved without a rerun, so a copy with its times is as good.
    return Checkout(Path(shutil.copytree(made, own / "finished", symlinks=True)))
