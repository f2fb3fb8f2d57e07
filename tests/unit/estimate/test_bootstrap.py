from itertools import product

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.bootstrap import wild_cluster_bootstrap
from citypanel.estimate.convention import Convention
from citypanel.estimate.fit import fit
from citypanel.estimate.variance import Neighbours
from citypanel.result import Value


def _panel(cities: int, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    city, year = np.divmod(np.arange(cities * 6), 6)
    frame = pd.DataFrame({"city": city, "year": year, "x": rng.normal(size=city.size), "z": rng.normal(size=city.size)})
    frame["y"] = 0.3 * frame.x + frame.city / 3 + rng.normal(size=city.size) * (1 + city % 2)
    return frame.drop(index=[1, 8]).reset_index(drop=True)


def _stats(frame: pd.DataFrame, formula: str, vcov: str = "cluster:city", **given: object) -> dict[str, Value]:
    options = parse_options("linear", given.pop("options"), "test")
    return estimate_analysis(frame, [Specification("linear", formula, options, vcov=vcov, **given)]).columns[0].stats


@pytest.mark.parametrize("weighted", [False, True])
def test_enumerated_p_values_equal_refitting_every_sign_vector(weighted: bool) -> None:
    frame = _panel(6)
    X, y = frame[["x", "z"]].to_numpy(), frame.y.to_numpy()
    city, year = frame.city.to_numpy(), frame.year.to_numpy()
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y)) if weighted else None
    found = wild_cluster_bootstrap(y, X, ("x", "z"), city, effects=(city, year), weights=weights)

    def t_of_x(outcome: np.ndarray) -> float:
        near = Neighbours((city,))
        fitted = fit(outcome, X, ["x", "z"], (city, year), convention=Convention("cluster", ("city",)),
                     neighbours=near, weights=weights)  # fmt: skip
        return abs(fitted.coefficients[0] / fitted.variance.se[0])

    null = fit(y, X[:, 1:], ["z"], (city, year), weights=weights).residuals
    observed = t_of_x(y)
    reached = [
        t_of_x(y - null + np.array(signs)[city] * null) >= observed * (1 - 1e-10)
        for signs in product([1.0, -1.0], repeat=6)
    ]
    assert found.exact
    assert found.draws == 64
    assert found.p["x"] == pytest.approx(np.mean(reached))


def test_random_draws_repeat_under_their_seed_and_never_reach_zero() -> None:
    frame = _panel(14)
    asked = {"options": {"wild_bootstrap": "199"}, "seed": 5}
    first, second = (_stats(frame, "y ~ x + z | city", **asked) for _ in range(2))
    assert first["wild_p"] == second["wild_p"]
    assert first["wild_exact"] is False
    assert min(first["wild_p"].values()) >= 1 / 200


def test_grunfeld_gives_the_exact_p_of_the_enumeration(shared) -> None:
    data = pd.read_csv(shared("reference", "linear_did", "data", "grunfeld.csv"))
    stats = _stats(data, "inv ~ value + capital | firm + year", "cluster:firm", options={"wild_bootstrap": "999"})
    # 52 of 1,024 sign vectors; 1,023 random draws gave .0469.
    assert stats["wild_p"]["capital"] == pytest.approx(52 / 1024)
    assert stats["wild_draws"] == 1024


@pytest.mark.parametrize("vcov", ["iid", "cluster:city+year"])
def test_the_bootstrap_needs_one_cluster_variable(vcov: str) -> None:
    with pytest.raises(DeclarationError, match="wild_bootstrap needs a variance clustered by one variable"):
        _stats(_panel(6), "y ~ x", vcov, options={"wild_bootstrap": "99"})


def test_one_cluster_is_refused() -> None:
    with pytest.raises(EstimationError, match="two clusters at least"):
        wild_cluster_bootstrap(np.arange(4.0), np.ones((4, 1)), ("x",), np.zeros(4, dtype=int))


def test_the_bootstrap_is_refused_with_instruments() -> None:
    with pytest.raises(DeclarationError, match="for least squares only"):
        _stats(_panel(6), "y ~ 1 | x ~ z", options={"wild_bootstrap": "99"})
