"""Moran's I: moments against all orders of a small sample, permutations, local statistics, refusals."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.estimate import moran as method
from citypanel.estimate.local_moran import benjamini_hochberg, local_moran
from citypanel.estimate.moran import moran, moran_permutation
from citypanel.estimate.outcome import Estimate

W = np.array(
    [
        [0, 1, 0.5, 0, 0, 0],
        [1, 0, 1, 0, 0, 0],
        [0, 1, 0, 2, 0, 0],
        [0, 0, 1, 0, 1, 1],
        [0, 0, 0, 1, 0, 1],
        [0.3, 0, 0, 1, 1, 0],
    ]
)
Y = np.array([3.0, 2.5, 4.0, 7.0, 6.0, 9.5])


def index(values: np.ndarray) -> float:
    z = values - values.mean()
    return float(len(z) / W.sum() * (z @ W @ z) / (z @ z))


def test_randomisation_moments_are_those_over_all_orders() -> None:
    every = np.array([index(Y[list(order)]) for order in permutations(range(6))])
    found = moran(Y, W)
    assert found.value == pytest.approx(index(Y), rel=1e-14)
    assert found.expectation == pytest.approx(every.mean(), rel=1e-12)
    assert found.sd == pytest.approx(every.std(), rel=1e-12)


def test_sides_add_up() -> None:
    greater, less, two = (moran(Y, W, side=side).p for side in ("greater", "less", "two"))
    assert greater + less == pytest.approx(1.0)
    assert two == pytest.approx(2 * min(greater, less))


def test_permutation_p_counts_orders_and_moments_are_near_the_exact_ones() -> None:
    exact = moran(Y, W)
    found = moran_permutation(Y, W, 20_000, np.random.default_rng(1))
    every = np.array([index(Y[list(order)]) for order in permutations(range(6))])
    assert found.p == pytest.approx((every >= exact.value - 1e-12).mean(), abs=0.005)
    assert (found.expectation, found.sd) == pytest.approx((exact.expectation, exact.sd), abs=0.01)


def test_sparse_weights_give_the_same() -> None:
    assert moran(Y, sparse.csr_array(W)).z == pytest.approx(moran(Y, W).z, rel=1e-13)
    thin, full = local_moran(Y, sparse.csr_array(W)), local_moran(Y, W)
    assert thin.sd == pytest.approx(full.sd, rel=1e-13)


def test_location_and_scale_do_not_matter() -> None:
    assert moran(100 - 3 * Y, W).z == pytest.approx(moran(Y, W).z, rel=1e-10)


def test_local_values_sum_to_the_global_one() -> None:
    assert local_moran(Y, W).local.sum() == pytest.approx(moran(Y, W).value * W.sum(), rel=1e-13)


def test_local_moments_are_those_over_all_orders_of_the_other_units() -> None:
    found = local_moran(Y, W)
    z = Y - Y.mean()
    m2 = z @ z / 6
    for unit in range(6):
        others = [k for k in range(6) if k != unit]
        row = W[unit, others]
        every = np.array([z[unit] * (row @ z[list(order)]) / m2 for order in permutations(others)])
        assert found.expectation[unit] == pytest.approx(every.mean(), rel=1e-11)
        assert found.sd[unit] == pytest.approx(every.std(), rel=1e-11)


def test_quadrants_tell_own_value_and_neighbours() -> None:
    found = local_moran(Y, W)
    assert found.quadrant[0] == "low-low"
    assert found.quadrant[4] == "high-high"
    assert found.scatter(list("abcdef"))[0]["unit"] == "a"


def test_false_discovery_adjustment_is_that_of_a_worked_example() -> None:
    # Benjamini and Hochberg (1995), section 3.2: 15 tests, four of which stand at q = .05.
    p = np.array(
        [1, 4, 19, 95, 201, 278, 298, 344, 459, 3240, 4262, 5719, 6528, 7590, 10000],
        dtype=float,
    )
    adjusted = benjamini_hochberg(p / 10000)
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted[0] == pytest.approx(0.0015)
    assert benjamini_hochberg(np.array([np.nan, 0.02]))[1] == pytest.approx(0.02)


@pytest.fixture
def answer(tmp_path: Path) -> Any:
    path = tmp_path / "w.csv"
    np.savetxt(path, W, delimiter=",")

    def run(data: pd.DataFrame, formula: str = "y", seed: int | None = None, **options: Any) -> Estimate:
        chosen = parse_options("moran", {"w": str(path), **options}, "test")
        return method.estimate(data, Specification("moran", formula, chosen, "city", "year", seed=seed))

    return run


def data(years: int = 3) -> pd.DataFrame:
    values = np.concatenate([Y + year * np.sin(Y) for year in range(years)])
    keys = {"city": list("abcdef") * years, "year": np.repeat(np.arange(years) + 2011, 6)}
    return pd.DataFrame({**keys, "y": values, "x": 1.0})


def test_one_column_and_one_row_of_the_curve_per_period(answer: Any) -> None:
    found = answer(data(), local=True, fdr=True)
    assert [column.column for column in found.columns] == ["2011", "2012", "2013"]
    first = found.columns[0]
    assert [term.term for term in first.terms] == ["I"]
    assert first.outcome == "y"
    assert first.stats["expectation"] == pytest.approx(-1 / 5)
    assert set(found.curves["moran"][0]) == {"period", "I", "expectation", "sd", "z", "p"}
    assert len(found.curves["local_moran"]) == len(found.curves["moran_scatter"]) == 18
    standard = W / W.sum(axis=1, keepdims=True)
    assert first.term("I").estimate == pytest.approx(moran(Y, standard).value)


def test_permutations_depend_on_the_seed_alone(answer: Any) -> None:
    one, two, other = (answer(data(), seed=seed, assumption="permutation") for seed in (3, 3, 4))
    assert one.curves == two.curves != other.curves
    assert one.columns[0].vcov["seed"] == 3


def test_a_period_without_some_units_uses_the_weights_of_those_present(answer: Any) -> None:
    found = answer(data().drop(index=[0]))
    assert [column.n for column in found.columns] == [5, 6, 6]
    inside = W[1:, 1:]
    expected = moran(Y[1:], inside / inside.sum(axis=1, keepdims=True))
    assert found.columns[0].term("I").estimate == pytest.approx(expected.value)


def test_a_period_without_variation_is_named(answer: Any) -> None:
    constant = data()
    constant.loc[constant["year"] == 2012, "y"] = 1.0
    with pytest.raises(EstimationError, match="period 2012: the outcome is the same in all units"):
        answer(constant)


def test_a_unit_whose_neighbours_are_absent_is_named_with_the_period_size(answer: Any) -> None:
    with pytest.raises(InputError, match="5 units these have no neighbour present: a|no neighbour present"):
        answer(data(1).pipe(lambda d: pd.concat([d, d.assign(year=2012).query("city in ['a', 'd', 'e', 'f']")])))


def test_regressors_are_refused(answer: Any) -> None:
    with pytest.raises(DeclarationError, match="takes an outcome alone"):
        answer(data(), "y ~ x")
