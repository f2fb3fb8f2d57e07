import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError
from citypanel.estimate.analysis import estimate_analysis
from citypanel.estimate.robustness import oster_delta, randomisation_inference, selection
from citypanel.result import ColumnResult


def _column(frame: pd.DataFrame, formula: str, vcov: str = "cluster:city", **given: object) -> ColumnResult:
    options = parse_options("linear", given.pop("options", {}), "test")
    specification = Specification("linear", formula, options, vcov=vcov, unit="city", time="year", **given)
    return estimate_analysis(frame, [specification]).columns[0]


@pytest.mark.parametrize("delta", [0.4, 1.0, 1.7])
def test_osters_delta_recovers_the_selection_that_made_the_data(delta: float) -> None:
    # Two orthogonal, centred indices; the treatment loads on each in proportion to its variance times delta.
    rng = np.random.default_rng(4)
    raw = rng.normal(size=(400, 3))
    seen, unseen, own = np.linalg.qr(raw - raw.mean(axis=0))[0].T * 20
    seen, unseen = 1.3 * seen, 0.8 * unseen
    x = 0.5 * seen + delta * 0.5 * unseen + own
    y = 2.0 * x + seen + unseen
    pieces = selection(y, x, seen[:, None])
    assert oster_delta(pieces, 1.0, beta=2.0) == pytest.approx(delta, rel=1e-9)


def _split_panel() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    city, year = np.divmod(np.arange(240), 8)
    frame = pd.DataFrame({"city": city, "year": year, "x": rng.normal(size=240), "z": rng.normal(size=240)})
    frame["coast"] = np.where(city % 2, "yes", "no")
    frame["y"] = frame.x * np.where(city % 2, 1.5, 0.5) + frame.z + city + rng.normal(size=240)
    return frame


def test_the_difference_of_a_split_is_that_of_the_two_samples() -> None:
    frame = _split_panel()
    formula = "y ~ x + z | city + year"
    stats = _column(frame, formula, options={"interaction": "coast", "term": "x"}).stats
    no, yes = (_column(frame, formula, where=f"coast == {side}").term("x") for side in ("no", "yes"))
    assert stats["groups"] == ["no", "yes"]
    assert stats["group_estimates"] == pytest.approx([no.estimate, yes.estimate], rel=1e-9)
    assert stats["difference"] == pytest.approx(yes.estimate - no.estimate, rel=1e-8)
    # Cities lie on one side each, so the two estimates are independent: variances add, up to small-sample factors.
    assert stats["difference_se"] == pytest.approx(np.hypot(no.se, yes.se), rel=0.05)
    assert stats["difference_p"] < 0.01


def test_a_split_of_three_values_is_refused() -> None:
    frame = _split_panel().assign(coast=lambda f: f.city % 3)
    with pytest.raises(DeclarationError, match="split 'coast' must have two values and none missing"):
        _column(frame, "y ~ x | city", options={"interaction": "coast"})


def test_randomisation_counts_how_often_chance_reaches_the_estimate() -> None:
    frame = _split_panel().assign(treated=lambda f: ((f.city % 5 == 0) & (f.year > 3)).astype(float))
    frame["y"] = frame.y + 2 * frame.treated
    formula = "y ~ treated + z | city + year"
    stats = _column(frame, formula, options={"randomisation": "199"}).stats
    assert stats["randomisation_p"] == pytest.approx(1 / 200)
    none = _column(frame.assign(y=frame.z), "y ~ treated | city + year", options={"randomisation": "199"}).stats
    assert none["randomisation_p"] > 0.05


def test_randomisation_keeps_the_treatment_paths_of_whole_cities() -> None:
    frame = _split_panel()
    treatment = (frame.city < 5).to_numpy(dtype=float)
    found = randomisation_inference(
        frame.y.to_numpy(), treatment, np.empty((240, 0)), frame.city.to_numpy(), draws=20, seed=1
    )
    direct = frame.y[treatment == 1].mean() - frame.y[treatment == 0].mean()
    assert found.estimate == pytest.approx(direct)
    assert found.draws.shape == (20,)


def test_a_term_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(DeclarationError, match="term is 'q'; allowed: x, z"):
        _column(_split_panel(), "y ~ x + z", options={"oster": "true", "term": "q"})
