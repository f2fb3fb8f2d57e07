"""A copy of the checkout in which snakemake has run, once for all tests of a worker."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from checkouts import Checkout, copy_checkout


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
