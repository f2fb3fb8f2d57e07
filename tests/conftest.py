"""Fixtures that every test may use."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, so that a failure is of the change and not of the draw;
# `HYPOTHESIS_PROFILE=explore make test` draws new ones.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that run whole workflows: the longest last would leave all workers but one idle."""
    long = ("workflow", "real")
    items.sort(key=lambda item: item.path.parent.name not in long)


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
