import numpy as np
import pytest

from citypanel.micro import micro_sum


def test_sums_are_exact_in_any_order() -> None:
    draw = np.random.default_rng(0)
    values = draw.lognormal(10, 3, 10_000).round(2)
    cents = sum(round(value * 100) for value in values.tolist())
    assert micro_sum(values) == micro_sum(draw.permutation(values)) == cents * 10_000


def test_amounts_too_large_for_millionths_of_64_bits_are_added_up_all_the_same() -> None:
    assert micro_sum(np.array([9e12, 9e12, 9e12, -1e15, 0.5])) == (27 * 10**12 - 10**15) * 10**6 + 500_000


@pytest.mark.parametrize("values", [[], [np.nan, np.inf]])
def test_missing_amounts_count_as_nothing(values: list[float]) -> None:
    assert micro_sum(np.array(values, dtype=float)) == 0
