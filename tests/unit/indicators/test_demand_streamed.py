"""The effects of product and market from counts and sums, where the data are hard."""

import numpy as np
import pytest
from scipy import sparse

from citypanel.arrays import Codes, Vector
from citypanel.indicators.demand_streamed import two_way_effects
from citypanel.indicators.partitions import Index, OrderedSums, Totals, buckets_for
from citypanel.within import within_projection


def residual(y: Vector, first: Codes, second: Codes) -> Vector:
    shape = (first.max() + 1, second.max() + 1)
    counts = sparse.csr_matrix((np.ones(y.size), (first, second)), shape=shape)
    counts.sum_duplicates()
    sums = (np.bincount(codes, y, minlength=size) for codes, size in zip((first, second), shape, strict=True))
    a, b = two_way_effects(counts, *sums, float(np.sum((y - y.mean()) ** 2)))
    return y - a[first] - b[second]


@pytest.mark.parametrize("kind", ["dense", "chain", "islands", "one_product"])
def test_residuals_are_those_of_the_projection(kind: str) -> None:
    draw = np.random.default_rng(4)
    size = 5000
    first, second = draw.zipf(1.4, size) % 300, draw.zipf(1.4, size) % 120
    if kind == "chain":  # each product is in two neighbouring markets only: the slowest graph there is
        first = np.arange(size) % 400
        second = first + draw.integers(0, 2, size)
    elif kind == "islands":
        second = second % 40 + 40 * (first % 3)
    elif kind == "one_product":
        first = np.zeros(size, dtype=np.int64)
    y = draw.normal(size=size) * 3 + 20 + first * 0.01
    expected = within_projection(y, [np.unique(codes, return_inverse=True)[1] for codes in (first, second)])
    assert residual(y, first, second) == pytest.approx(expected, abs=1e-10)


def test_sums_by_place_and_year_are_those_of_a_group_by_however_chapters_are_shared_out() -> None:
    draw = np.random.default_rng(0)
    size = 2000
    place = draw.choice([-1, 110000, 320500, 654300], size)
    year, chapter, value = draw.integers(2000, 2004, size), draw.integers(1, 97, size), draw.random(size)
    found = []
    for groups in (1, 5):
        sums = OrderedSums()
        for group in draw.permutation(groups):
            own = chapter % groups == group
            sums.add(place[own], year[own], chapter[own], value[own, None])
        found.append(sums.table())
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)
    cells: dict[tuple[int, int], float] = {}
    for p, y, v in zip(place.tolist(), year.tolist(), value.tolist(), strict=True):
        cells[p, y] = cells.get((p, y), 0.0) + v
    places, years, values = found[0]
    told = dict(zip(zip(places.tolist(), years.tolist(), strict=True), values[:, 0].tolist(), strict=True))
    assert told == pytest.approx(cells)
    assert list(told) == sorted(told)


def test_totals_are_exact_in_any_order() -> None:
    totals = Totals()
    places, years = np.array([110000, -1, 110000, 110000]), np.array([2001, 2001, 2001, 2001])
    totals.add(places, years, np.array([0.1, 7.0, 0.2, np.nan]))
    totals.add(places, years, np.array([1e13, -1.0, 4e12, 4e12]))
    assert totals.micro == {(110000, 2001): 300_000 + 18 * 10**18, (-1, 2001): 7_000_000}


def test_an_index_numbers_what_it_sees_once() -> None:
    index = Index()
    assert index.of(np.array([5, -1, 5])).tolist() == [1, 0, 1]
    assert index.of(np.array([900_000, 5])).tolist() == [2, 1]
    assert index.values == [-1, 5, 900_000]


@pytest.mark.parametrize(("rows", "years", "buckets"), [(10, 1, 1), (20_000_000, 16, 5), (10**9, 16, 97)])
def test_more_rows_make_more_partitions_not_larger_ones(rows: int, years: int, buckets: int) -> None:
    assert buckets_for(rows, years) == buckets
