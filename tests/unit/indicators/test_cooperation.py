"""Joint patents on an example small enough for paper, and the surfaces around it."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.declare.indicators import CooperationOptions
from citypanel.errors import InputError
from citypanel.indicators.city import city_indicator
from citypanel.indicators.commands import run_cooperation
from citypanel.indicators.cooperation import city_pairs

# p1: X-Y. p2: two organisations of X and one unknown. p3: one organisation and a person. p4: X and an
# unknown.
TABLE = """application,year,applicant,place,kind
p1,2011,a,X,organisation
p1,2011,b,Y,organisation
p1,2011,b,Y,organisation
p2,2011,a,X,organisation
p2,2011,c,X,organisation
p2,2011,d,,organisation
p3,2012,e,Z,organisation
p3,2012,张三,Z,person
p4,2012,a,X,organisation
p4,2012,d,,organisation
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def written(tmp_path: Path) -> dict[str, pd.DataFrame]:
    paths = run_cooperation(write(tmp_path / "a.csv", TABLE), tmp_path / "out")
    assert [path.name for path in paths] == ["out.places.csv", "out.pairs.csv", "out.accounting.csv"]
    return {path.name.split(".")[1]: pd.read_csv(path) for path in paths}


def test_places_have_full_and_fractional_counts_and_positions(written: dict[str, pd.DataFrame]) -> None:
    places = written["places"].set_index(["place", "year"])
    assert places.columns.tolist() == [
        "joint", "joint_fractional", "intra", "inter", "undetermined", "partners", "strength",
        "eigenvector", "betweenness", "patents",
    ]  # fmt: skip
    half = pytest.approx(0.5**0.5)
    assert places.loc[("X", 2011)].tolist() == [2, pytest.approx(1 / 2 + 2 / 3), 1, 1, 0, 1, 1, half, 0, 2]
    assert places.loc[("Y", 2011)].tolist() == [1, 0.5, 0, 1, 0, 1, 1, half, 0, 1]
    assert places.loc[("X", 2012)].tolist() == [1, 0.5, 0, 0, 1, 0, 0, 0, 0, 1]


def test_a_place_that_applies_alone_has_zeros_and_one_that_never_applies_no_row(
    written: dict[str, pd.DataFrame],
) -> None:
    places = written["places"].set_index(["place", "year"])
    assert places.loc[("Z", 2012)].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert ("Y", 2012) not in places.index


def test_pairs_hold_flows_inside_and_between_places(written: dict[str, pd.DataFrame]) -> None:
    assert written["pairs"].to_numpy().tolist() == [
        ["X", "X", 2011, 1, pytest.approx(1 / 3)],
        ["X", "Y", 2011, 1, 1.0],
    ]


def test_what_has_no_known_place_is_in_the_accounting(written: dict[str, pd.DataFrame]) -> None:
    rows = written["accounting"].set_index("year")
    assert rows.loc[2011, ["patents", "joint", "organisations", "unresolved"]].tolist() == [2, 2, 5, 1]
    assert rows.loc[2011, "fractional_unresolved"] == pytest.approx(1 / 3)
    assert rows.loc[2011, "pair_weight_unresolved"] == pytest.approx(2 / 3)
    assert rows.loc[2012, "fractional_unresolved"] == pytest.approx(1 / 2)
    assert rows.loc[2012, "pair_weight_unresolved"] == 1.0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p1,2012,b,Y,organisation", "found application p1 with year 2011 and 2012; allowed: one year"),
        (
            "p1,2011,b,X,organisation",
            "found application p1, applicant b with place X and Y; allowed: one place",
        ),
        ("p1,2011,b,Y,firm", "column 'kind', row 12: found 'firm'; allowed: organisation, person"),
        ("p1,,b,Y,organisation", "column 'year', row 12: found ''; allowed: a number"),
        (",2011,b,Y,organisation", "column 'application', row 12: found ''; allowed: a text"),
    ],
)
def test_contradictions_are_refused_with_their_place(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        run_cooperation(write(tmp_path / "a.csv", TABLE + line + "\n"), tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_a_table_without_any_joint_patent_gives_zeros_and_no_pairs(tmp_path: Path) -> None:
    text = "application,year,applicant,place\np1,2011,a,X\n"
    places, pairs, _ = (pd.read_csv(p) for p in run_cooperation(write(tmp_path / "a.csv", text), tmp_path / "o"))
    assert places["joint"].tolist() == [0]
    assert pairs.columns.tolist() == ["place_i", "place_j", "year", "full", "fractional"]
    assert pairs.empty


@pytest.fixture
def patents(tmp_path: Path) -> Path:
    def patent(number: str, kind: str, *applicants: tuple[str, str, int | None]) -> dict[str, object]:
        keys = ("name", "kind", "adcode")
        listed = [{**dict(zip(keys, a, strict=True)), "resolved_by": "name"} for a in applicants]
        return {
            "application_no": number, "date": date(2012, 5, 1), "kind": kind, "ipc": None, "applicants":
            listed, "source_file": "a.csv", "source_row": 2,
        }  # fmt: skip

    rows = [
        patent("1", "invention", ("a", "organisation", 320500), ("b", "organisation", 330100)),
        patent("2", "utility", ("a", "organisation", 320500), ("b", "organisation", 330100)),
        patent("3", "invention", ("a", "organisation", 320500), ("p", "person", 330100)),
        patent("4", "invention", ("a", "organisation", 320500), ("c", "organisation", None)),
    ]
    write_table(pd.DataFrame(rows), tmp_path / "patents.parquet", "patents", origin=Origin())
    return tmp_path / "patents.parquet"


def test_cities_are_counted_from_canonical_patents(patents: Path) -> None:
    found = city_indicator("cooperation", {"patents": patents}, CooperationOptions())
    assert found[["adcode", "year", "joint", "joint_fractional", "undetermined", "patents"]].to_numpy().tolist() == [
        [320500, 2012, 2, 1.0, 1, 3],
        [330100, 2012, 1, 0.5, 0, 2],
    ]
    assert found.attrs["accounting"][0]["unresolved"] == 1
    assert city_pairs(patents, CooperationOptions()).to_numpy().tolist() == [[320500, 330100, 2012, 1, 1]]


def test_the_kind_of_patent_is_an_option(patents: Path) -> None:
    for kind, expected in (("utility", [1, 1]), ("all", [3, 2]), ("design", [])):
        options = CooperationOptions.model_validate({"kind": kind})
        assert city_indicator("cooperation", {"patents": patents}, options)["joint"].tolist() == expected
