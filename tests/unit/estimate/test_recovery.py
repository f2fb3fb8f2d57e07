"""Effects and values of cities beside what is true in the simulated raw files."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from citypanel.errors import DeclarationError
from citypanel.estimate.recovery import recovered_effects
from citypanel.result import ColumnResult, Record, TermResult

RECORDS = {"baseline": Record("linear", "", (ColumnResult("2", "y", 90, terms=(TermResult("did", 0.05, 0.02),)),))}
PANEL = pd.DataFrame(
    {"city": [1, 1, 2, 2], "year": [0, 1, 0, 1], "y": [0.0, 2.0, 4.0, None], "city_name": list("abcd")}
)
EFFECT = {"analysis": "baseline", "column": "2", "term": "did", "truth": "effects/att"}


@pytest.fixture
def truth(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "truth.json").write_text(json.dumps({"effects": {"att": 0.04}}), encoding="utf-8")
    cities = "adcode,city,year,true_y\n1,a,0,1\n1,a,1,2\n2,b,0,3\n2,b,1,9\n"
    (tmp_path / "truth_cities.csv").write_text(cities, encoding="utf-8")
    return tmp_path / "truth.json", tmp_path / "truth_cities.csv"


def recovered(truth: tuple[Path, Path], effect: dict[str, str], column: str = "", where: str | None = None) -> Record:
    declared: dict[str, Any] = {
        "study": "mine",
        "effects": {"headline": effect},
        "cities": {"y": {"column": column, "where": where}} if column else {},
    }
    return recovered_effects(declared, RECORDS, PANEL, *truth)


def test_an_effect_is_as_many_errors_from_the_truth_as_by_hand(truth: tuple[Path, Path]) -> None:
    (row,) = recovered(truth, EFFECT).curves["effects"]
    assert row == {
        "name": "headline", "n": 90, "truth": 0.04, "estimate": 0.05, "se": 0.02, "distance": pytest.approx(0.5),
    }  # fmt: skip


def test_values_of_cities_have_correlation_slope_and_largest_deviation(truth: tuple[Path, Path]) -> None:
    # Pairs (true, found): (1, 0), (2, 2), (3, 4); the city without a value is left out.
    (row,) = recovered(truth, EFFECT, "true_y").curves["cities"]
    assert (row["n"], row["largest_deviation"]) == (3, 1.0)
    assert row["slope"] == pytest.approx(2)
    assert row["correlation"] == pytest.approx(1)
    (first,) = recovered(truth, EFFECT, "true_y", where="city == 1").curves["cities"]
    assert first["n"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"truth": "effects/atet"}, "effect 'headline': truth 'effects/atet' is not in truth.json; did you mean 'att'"),
        ({"column": "3"}, "effect 'headline': column '3' is not in the record; allowed: 2"),
        ({"term": "dd"}, "effect 'headline': term dd; the column has did"),
    ],
)
def test_a_place_that_does_not_exist_is_named(change: dict[str, str], message: str, truth: tuple[Path, Path]) -> None:
    with pytest.raises(DeclarationError, match=message):
        recovered(truth, EFFECT | change)
    with pytest.raises(DeclarationError, match=r"variable 'y': column 'y' is not in truth_cities\.csv; .*true_y"):
        recovered(truth, EFFECT, "y")
