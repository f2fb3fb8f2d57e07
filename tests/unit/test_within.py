import numpy as np
import pytest

from citypanel import within
from citypanel.within import FixedEffects, is_nested, within_projection


def _by_dummies(columns: np.ndarray, effects: list[np.ndarray], weights: np.ndarray | None) -> np.ndarray:
    dummies = np.hstack([np.eye(codes.max() + 1)[codes] for codes in effects])
    roots = np.ones((len(columns), 1)) if weights is None else np.sqrt(weights)[:, None]
    solution = np.linalg.lstsq(dummies * roots, columns * roots, rcond=None)[0]
    return columns - dummies @ solution


@pytest.mark.parametrize("levels", [(40,), (40, 10), (40, 10, 5), (60, 50, 40)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dense", [True, False])
def test_residuals_equal_those_of_explicit_dummies(
    levels: tuple[int, ...], weighted: bool, dense: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(within, "DENSE_LEVELS", 1200 if dense else 0)
    rng = np.random.default_rng(sum(levels))
    effects = [np.unique(rng.integers(0, size, 300), return_inverse=True)[1] for size in levels]
    weights = rng.uniform(0.1, 5, 300) if weighted else None
    columns = rng.normal(size=(300, 3)) + effects[0][:, None]
    found = within_projection(columns, effects, weights)
    # Columns are of size 60; lstsq itself is good to some 1e-13 here.
    assert found == pytest.approx(_by_dummies(columns, effects, weights), abs=2e-11)


def test_a_balanced_panel_in_any_row_order_needs_no_solution() -> None:
    rng = np.random.default_rng(3)
    unit, time = np.divmod(rng.permutation(120), 6)
    columns = rng.normal(size=(120, 2)) + unit[:, None]
    found = FixedEffects([unit, time]).residuals(columns)
    assert found == pytest.approx(_by_dummies(columns, [unit, time], None), abs=1e-12)


def test_badly_connected_effects_are_solved_by_the_sparse_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    # A chain of 400 firms linked by neighbours only: the slowest case for gradients.
    monkeypatch.setattr(within, "DENSE_LEVELS", 0)
    monkeypatch.setattr(within, "PATIENCE", 50)
    rng = np.random.default_rng(5)
    worker = np.repeat(np.arange(399), 2)
    firm = worker + np.tile([0, 1], 399)
    column = rng.normal(size=798) + firm / 10
    found = within_projection(column, [worker, firm])
    assert found == pytest.approx(_by_dummies(column[:, None], [worker, firm], None)[:, 0], abs=1e-8)


def test_no_factor_is_made_of_levels_with_too_many_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Effects that share many levels would fill a factor until memory ends; gradients go on instead."""
    monkeypatch.setattr(within, "DENSE_LEVELS", 0)
    monkeypatch.setattr(within, "PATIENCE", 3)
    monkeypatch.setattr(within._Eliminated, "_sparse_factor", lambda _: pytest.fail("a factor was made"))
    rng = np.random.default_rng(6)
    effects = [rng.integers(0, 60, 400), rng.integers(0, 50, 400), rng.integers(0, 40, 400)]
    column = rng.normal(size=400)
    with pytest.raises(pytest.fail.Exception, match="a factor was made"):  # within the limits it is
        within_projection(column, effects)
    for limit in ("LINKS", "PRODUCTS", "SPARSE_LEVELS"):
        with monkeypatch.context() as patched:
            patched.setattr(within, limit, 10)
            found = within_projection(column, effects)
        # The fitted part is of size 2 and gradients come within 4e-15 of the dummies here; stopped early, they do not.
        assert found == pytest.approx(_by_dummies(column[:, None], effects, None)[:, 0], abs=1e-10)


def test_without_effects_columns_come_back_as_they_are() -> None:
    columns = np.arange(6.0).reshape(3, 2)
    assert np.array_equal(within_projection(columns, []), columns)


def test_nesting_is_seen_one_way_only() -> None:
    city, province = np.array([0, 1, 2, 0]), np.array([0, 0, 1, 0])
    assert is_nested(city, province)
    assert not is_nested(province, city)
