"""A copy of the checkout in which snakemake has run, once for all tests of a worker."""

from collections.abc import Callable

import pytest

from checkouts import Checkout, copy_checkout


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Checkout]:
    """Return a maker of checkouts in which nothing has run."""
    return lambda: copy_checkout(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which every target has been made."""
    checkout = copy_checkout(tmp_path_factory.mktemp("finished"))
    done = checkout.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout
