"""The 116 real joint patents: our counts against sums written out patent by patent."""

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest

from citypanel.indicators.cooperation import cooperation


@pytest.fixture(scope="module")
def patents(shared: Callable[..., Path]) -> dict[str, tuple[int, list[str]]]:
    """Publication number -> year and applicants; each organisation is its own place here."""
    table = pd.read_csv(shared("real", "patents", "yakkhini", "raw_data.csv"), header=None, dtype=str)
    return {row[0]: (int(row[2][:4]), row[4].split(" | ")) for row in table.itertuples(index=False)}


def test_pairs_of_organisations_are_those_counted_one_by_one(
    patents: dict[str, tuple[int, list[str]]],
) -> None:
    rows = [(p, year, name, name, True) for p, (year, names) in patents.items() for name in names]
    columns = ["application", "year", "applicant", "place", "organisation"]
    found = cooperation(pd.DataFrame(rows, columns=columns), "raw_data.csv")
    full: Counter[tuple[str, str, int]] = Counter()
    joint: Counter[tuple[str, int]] = Counter()
    fractional: Counter[tuple[str, str, int]] = Counter()
    for year, names in patents.values():
        distinct = sorted(set(names))
        if len(distinct) < 2:
            continue
        for name in distinct:
            joint[name, year] += 1
        for pair in combinations(distinct, 2):
            full[*pair, year] += 1
            fractional[*pair, year] += 2 / (len(distinct) * (len(distinct) - 1))
    pairs = found.pairs.set_index(["place_i", "place_j", "year"])
    assert pairs["full"].to_dict() == dict(full)
    assert pairs["fractional"].to_dict() == pytest.approx(dict(fractional), rel=1e-12)
    places = found.places.set_index(["place", "year"])
    assert places["joint"][places["joint"] > 0].to_dict() == dict(joint)
    assert places["strength"].sum() == 2 * sum(full.values())
