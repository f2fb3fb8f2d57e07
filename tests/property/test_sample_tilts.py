"""Tilts and whole dollars for any weights, scores and reachable targets."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from citypanel.sample.customs import SMALLEST_RECORD, _split
from citypanel.sample.tilt import repair, tilted_shares, whole_parts

CELLS = st.integers(2, 12)


@st.composite
def baskets(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Return weights, distinct scores, a target strictly inside their range, and two groups of items."""
    size = draw(CELLS)
    weights = draw(hnp.arrays(float, size, elements=st.floats(0.01, 10)))
    steps = draw(hnp.arrays(float, size, elements=st.floats(0.05, 3)))
    scores = 100 * np.cumsum(steps)
    share = draw(st.floats(0.02, 0.98))
    target = scores[0] + share * (scores[-1] - scores[0])
    return weights[None, :], scores, float(target), np.arange(size) % 2


@given(baskets())
@settings(max_examples=80, deadline=None)
def test_shares_have_the_wanted_mean_and_move_one_way_with_the_score(
    basket: tuple[np.ndarray, np.ndarray, float, np.ndarray],
) -> None:
    base, scores, target, _ = basket
    groups = np.zeros(len(scores), dtype=np.intp)
    shares = tilted_shares(base, scores, np.array([target]), groups, np.ones((1, 1)))[0]
    assert abs(shares.sum() - 1) < 1e-12
    assert abs(shares @ scores / target - 1) < 1e-10
    # ln(share/weight) is linear in the score: that is what a tilt is.
    kept = shares > 1e-250
    logs = np.log(shares[kept] / base[0, kept])
    slopes = np.diff(logs) / np.diff(scores[kept])
    assert np.allclose(slopes, slopes[0], rtol=1e-5, atol=1e-9)


@given(baskets(), st.integers(10**8, 10**12))
@settings(max_examples=60, deadline=None)
def test_whole_dollars_keep_total_groups_and_floor_and_come_near_the_target(
    basket: tuple[np.ndarray, np.ndarray, float, np.ndarray], total: int
) -> None:
    base, scores, target, _ = basket
    groups = np.zeros(len(scores), dtype=np.intp)
    shares = tilted_shares(base, scores, np.array([target]), groups, np.ones((1, 1)))[0]
    parts = repair(whole_parts(total, shares, 100), scores, target, groups, 100)
    assert parts.sum() == total
    assert parts.min() >= 100
    # Half a dollar over the widest pair is the most a single move can leave; floors of tiny shares may add theirs.
    assert abs(parts @ scores / total - target) <= 0.51 * (scores[-1] - scores[0]) / total + 1e-9 * target


@given(baskets(), st.integers(10**7, 10**9))
@settings(max_examples=40, deadline=None)
def test_repair_inside_groups_leaves_the_groups_totals(
    basket: tuple[np.ndarray, np.ndarray, float, np.ndarray], total: int
) -> None:
    base, scores, target, groups = basket
    parts = whole_parts(total, base[0] / base.sum(), 10)
    repaired = repair(parts, scores, target, groups, 10)
    for group in (0, 1):
        assert repaired[groups == group].sum() == parts[groups == group].sum()


@given(st.lists(st.tuples(st.integers(200, 10**12), st.integers(1, 30)), min_size=1, max_size=20), st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_records_add_up_to_their_flow_and_none_is_small(flows: list[tuple[int, int]], seed: int) -> None:
    totals = np.array([max(total, 200 * repeat) for total, repeat in flows])
    repeat = np.array([repeat for _, repeat in flows])
    owner = np.repeat(np.arange(len(flows)), repeat)
    weights = np.random.default_rng(seed).gamma(0.5, 1.0, len(owner)) + 1e-6
    values = _split(totals, repeat, owner, weights)
    assert np.array_equal(np.bincount(owner, values).astype(np.int64), totals)
    assert values.min() >= SMALLEST_RECORD
