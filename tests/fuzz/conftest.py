"""Every fuzz test says how many cases it has run."""

from collections.abc import Callable, Iterator

import pytest
from cases import tried


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest, told: Callable[[str], None]) -> Iterator[None]:
    """Note how many cases a test has run."""
    yield
    name = request.node.name
    if name in tried:
        told(f"fuzz: {tried[name]:,} cases of {name.removeprefix('test_')}")
