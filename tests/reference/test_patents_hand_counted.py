"""Twenty of the 116 real joint publications, their pairs of organisations counted by hand in the file."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.declare.indicators import CooperationOptions
from citypanel.indicators.cooperation import city_cooperation, city_pairs
from citypanel.intake.patents import intake_patents

# Publication, organisations and pairs of organisations as read by eye: n organisations make n(n-1)/2 pairs.
COUNTED = {
    "CN110210173": (2, 1),  # an application beside its grant
    "CN113673582": (2, 1),
    "CN113159475": (10, 45),  # the longest list
    "CN114252387": (3, 3),
    "CN111236973": (2, 1),
    "CN214584793": (2, 1),
    "CN112299778": (4, 6),
    "CN113324510": (3, 3),
    "CN211506935": (3, 3),
    "CN112959513": (4, 6),
    "CN113931670": (4, 6),
    "CN209780913": (5, 10),
    "CN112252161": (3, 3),
    "CN111305258": (3, 3),
    "CN111322090": (3, 3),
    "CN110865020": (3, 3),  # also filed as a utility model
    "CN112627873": (3, 3),
    "CN208525683": (0, 0),  # six persons
    "CN109900548": (1, 0),  # a person and a university: not joint
    "CN113754386": (3, 3),
}


@pytest.fixture(scope="module")
def table(shared: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("yakkhini") / "patents.parquet"
    intake_patents([shared("real", "patents", "yakkhini", "raw_data.csv")], out)
    return out


@pytest.fixture(scope="module")
def organisations(table: Path) -> "pd.Series[object]":
    rows = read_table(table, "patents").set_index("application_no").applicants
    return rows.map(lambda listed: [a["name"] for a in listed if a["kind"] == "organisation"])


@pytest.mark.parametrize(("publication", "counted"), COUNTED.items())
def test_pairs_of_organisations_are_those_counted_by_hand(organisations, publication: str, counted) -> None:
    names = organisations[publication]
    assert (len(names), len(list(combinations(names, 2)))) == counted


def test_a_utility_model_of_an_invention_is_no_patent_of_its_own(organisations) -> None:
    # Read by eye: same day, same applicants, same title as CN109736185, CN111980711, CN111156050, ...
    twins = {"CN209722700", "CN212296364", "CN211623487", "CN211598691", "CN216102473", "CN214196390", "CN211785020"}
    assert twins.isdisjoint(organisations.index)
    # A title that says more than the other is left alone: 边坡排水预制仿生构件 (及施工方法).
    assert {"CN212358520", "CN111305353"} <= set(organisations.index)


def test_the_indicators_conserve_what_was_counted(table: Path, organisations) -> None:
    sizes = organisations.map(len)
    joint, members = int((sizes >= 2).sum()), int(sizes[sizes >= 2].sum())
    places = city_cooperation(table, CooperationOptions(kind="all"))
    accounting = pd.DataFrame(places.attrs["accounting"])
    assert accounting.joint.sum() == joint
    assert accounting.organisations.sum() == members
    fractional = places.joint_fractional.sum() + accounting.fractional_unresolved.sum()
    assert fractional == pytest.approx(joint, rel=1e-12)
    pairs = city_pairs(table, CooperationOptions(kind="all"))
    weight = pairs.fractional.sum() + accounting.pair_weight_unresolved.sum()
    # One per joint patent, whatever the number of its organisations.
    assert weight == pytest.approx(joint, rel=1e-12)


def test_cities_of_a_patent_read_by_eye_are_in_the_pair_flows(table: Path) -> None:
    rows = read_table(table, "patents").set_index("application_no").applicants
    seats = {a["name"]: a["adcode"] for a in rows["CN112627873"]}
    assert seats["西南交通大学"] == 510100
    assert seats["中国科学院武汉岩土力学研究所"] == 420100
    pairs = city_pairs(table, CooperationOptions(kind="all")).set_index(["adcode_i", "adcode_j", "year"])
    # 西南交通大学 (成都) with the Wuhan institute, both publications of CN112627873, is the only such pair of 2020.
    together = [
        np.isin([420100, 510100], [a["adcode"] for a in listed if a["adcode"]]).all()
        for listed, day in zip(rows, read_table(table, "patents").date, strict=True)
        if day.year == 2020
    ]
    assert pairs.loc[(420100, 510100, 2020), "full"] == sum(together)
