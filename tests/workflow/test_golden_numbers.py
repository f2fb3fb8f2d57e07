"""Headline estimates of every study on the tiny sample are those that were stored."""

import pytest

from golden_numbers import numbers, stored, studies

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("study", studies())
def test_headline_estimates_are_the_stored_ones(finished, study: str) -> None:
    golden = stored(study)
    found = numbers(finished.root / "results", study, list(golden["numbers"]))
    for place, expected in golden["numbers"].items():
        for what, value in expected.items():
            assert found[place][what] == pytest.approx(value, rel=golden["relative_tolerance"]), (place, what)
