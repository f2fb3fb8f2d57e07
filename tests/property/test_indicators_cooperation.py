"""Conservation laws of cooperation: no joint patent is lost or counted more than once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.indicators.cooperation import Cooperation, cooperation

NAMES = [f"o{i}" for i in range(8)]


@st.composite
def applicants(draw: st.DrawFn, unknown: bool = True) -> pd.DataFrame:
    places = ["A", "B", "C", None] if unknown else ["A", "B", "C"]
    home = {name: draw(st.sampled_from(places)) for name in NAMES}
    patents = draw(
        st.lists(
            st.tuples(st.integers(2010, 2012), st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)),
            min_size=1,
            max_size=12,
        )
    )
    rows = [
        (f"p{number}", year, name, home[name], True) for number, (year, names) in enumerate(patents) for name in names
    ]
    return pd.DataFrame(rows, columns=["application", "year", "applicant", "place", "organisation"])


def joint(table: pd.DataFrame) -> pd.Series:
    """Joint patents by year, counted in pandas."""
    sizes = table.drop_duplicates(["application", "applicant"]).groupby(["application", "year"]).size()
    return (sizes >= 2).groupby("year").sum()


def found(table: pd.DataFrame) -> Cooperation:
    return cooperation(table, "here")


@settings(max_examples=10, deadline=None)
@given(applicants())
def test_fractional_counts_and_pair_weights_sum_to_the_joint_patents(table: pd.DataFrame) -> None:
    result = found(table)
    placed = result.places.groupby("year")["joint_fractional"].sum()
    rows = result.accounting.set_index("year")
    total = rows["fractional_unresolved"].add(placed, fill_value=0)
    assert rows["joint"].to_dict() == joint(table).to_dict()
    assert total.to_numpy() == pytest.approx(rows["joint"].to_numpy(), abs=1e-12)
    weights = result.pairs.groupby("year")["fractional"].sum()
    total = rows["pair_weight_unresolved"].add(weights, fill_value=0)
    assert total.to_numpy() == pytest.approx(rows["joint"].to_numpy(), abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(applicants(unknown=False))
def test_with_known_places_every_joint_patent_is_inside_or_between(table: pd.DataFrame) -> None:
    places = found(table).places
    assert (places["intra"] + places["inter"] >= places["joint"]).all()
    assert (places["undetermined"] == 0).all()


@settings(max_examples=10, deadline=None)
@given(applicants())
def test_with_unknown_places_the_undetermined_close_the_gap(table: pd.DataFrame) -> None:
    places = found(table).places
    assert (places["intra"] + places["inter"] + places["undetermined"] >= places["joint"]).all()
    assert (places[["intra", "inter", "undetermined"]].max(axis=1) <= places["joint"]).all()


@settings(max_examples=5, deadline=None)
@given(applicants())
def test_the_order_of_rows_and_their_repetition_change_nothing(table: pd.DataFrame) -> None:
    shuffled = pd.concat([table, table.iloc[::2]]).sample(frac=1, random_state=np.random.default_rng(1))
    before, after = found(table), found(shuffled)
    pd.testing.assert_frame_equal(before.places, after.places)
    pd.testing.assert_frame_equal(before.pairs, after.pairs)
    pd.testing.assert_frame_equal(before.accounting, after.accounting)
