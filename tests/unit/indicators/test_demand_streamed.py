"""The effects of product and market from counts and sums, where the data are hard."""

import numpy as np
import pytest
from scipy import sparse

from citypanel.arrays import Codes, Vector
from citypanel.indicators.demand_streamed import two_way_effects
from citypanel.indicators.partitions import Index, YearSums, buckets_for
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


def test_sums_by_place_and_year_are_those_of_a_group_by() -> None:
    draw = np.random.default_rng(0)
    sums, cells = YearSums(1), {}
    for _ in range(5):
        place = draw.choice([-1, 110000, 320500, 654300], 100)
        year, value = draw.integers(2000, 2004 + draw.integers(1, 9), 100), draw.random(100)
        sums.add(place, year, value[:, None])
        for p, y, v in zip(place.tolist(), year.tolist(), value.tolist(), strict=True):
            cells[p, y] = cells.get((p, y), 0.0) + v
    place, year, values = sums.table()
    found = dict(zip(zip(place.tolist(), year.tolist(), strict=True), values[:, 0].tolist(), strict=True))
    assert found == pytest.approx(cells)
    assert list(found) == sorted(found)


def test_an_index_numbers_what_it_sees_once() -> None:
    index = Index()
    assert index.of(np.array([5, -1, 5])).tolist() == [1, 0, 1]
    assert index.of(np.array([900_000, 5])).tolist() == [2, 1]
    assert index.values == [-1, 5, 900_000]


@pytest.mark.parametrize(("rows", "years", "buckets"), [(10, 1, 1), (20_000_000, 16, 5), (10**9, 16, 97)])
def test_more_rows_make_more_partitions_not_larger_ones(rows: int, years: int, buckets: int) -> None:
    assert buckets_for(rows, years) == buckets
