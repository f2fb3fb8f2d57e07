"""City weights by hand examples, and the file that the estimators read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.errors import DeclarationError, InputError
from citypanel.estimate.spatial_weights import panel_weights, read_weights
from citypanel.panel.weights import (
    city_weights,
    contiguity,
    economic_distance,
    great_circle_km,
    inverse_distance,
    nearest_neighbours,
    product,
    row_standardised,
    write_weights,
)

LON, LAT = np.array([121.47, 118.78, 120.16]), np.array([31.23, 32.04, 30.29])  # Shanghai, Nanjing, Hangzhou
CITIES = pd.DataFrame({"adcode": [310000, 320100, 330100], "lon": LON, "lat": LAT})


def test_great_circle_distances_are_those_of_the_map() -> None:
    # One degree of latitude is 111.195 km on the mean sphere; Shanghai to Nanjing is about 270 km.
    assert great_circle_km(np.zeros(2), np.array([0.0, 1.0]))[0, 1] == pytest.approx(111.195, abs=1e-3)
    assert great_circle_km(np.array([0.0, 180.0]), np.zeros(2))[0, 1] == pytest.approx(np.pi * 6371.0088)
    assert great_circle_km(LON, LAT)[0, 1] == pytest.approx(270, abs=2)


def test_inverse_distance_has_power_and_cutoff() -> None:
    distances = great_circle_km(LON, LAT)
    weights = inverse_distance(LON, LAT, power=2)
    assert weights[0, 1] == pytest.approx(distances[0, 1] ** -2)
    assert np.diag(weights).tolist() == [0, 0, 0]
    assert inverse_distance(LON, LAT, cutoff_km=200)[0, 1] == 0
    assert inverse_distance(LON, LAT, cutoff_km=200)[0, 2] > 0


def test_economic_distance_is_the_inverse_gap() -> None:
    assert economic_distance(np.array([10.0, 14.0, 9.0])).tolist() == [[0, 0.25, 1], [0.25, 0, 0.2], [1, 0.2, 0]]


def test_contiguity_counts_both_ways_and_skips_other_places() -> None:
    weights = contiguity([(1, 2), ("2", "3"), (3, 9)], [1, 2, 3])
    assert weights.tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]


def test_nearest_neighbours_are_asymmetric() -> None:
    lon, lat = np.array([0.0, 1.0, 3.0]), np.zeros(3)
    assert nearest_neighbours(lon, lat, 1).tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0]]


def test_products_multiply_cell_by_cell() -> None:
    assert product(np.full((2, 2), 2.0), np.full((2, 2), 3.0)).tolist() == [[6, 6], [6, 6]]
    weights = city_weights(
        CITIES, "inverse_distance * economic", gdp_per_head=pd.Series({310000: 1.0, 320100: 2.0, 330100: 4.0})
    )
    assert weights[0, 1] == pytest.approx(inverse_distance(LON, LAT)[0, 1])
    assert weights[0, 2] == pytest.approx(inverse_distance(LON, LAT)[0, 2] / 3)


def test_written_weights_are_read_back_by_the_estimators_to_the_last_digit(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    weights = city_weights(CITIES, "inverse_distance")
    write_weights(weights, CITIES["adcode"].tolist(), path)
    back = panel_weights(read_weights(path), [310000, 320100, 330100], np.arange(3), row_standardise=False)
    assert np.array_equal(np.asarray(back.matrix), weights)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("inverse", "weights 'inverse' is unknown; did you mean"),
        ("knn:x", "positive number"),
        ("economic", "GDP per head"),
    ],
)
def test_unknown_kinds_name_what_is_allowed(kind: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        city_weights(CITIES, kind)


def test_what_has_no_weight_is_named() -> None:
    with pytest.raises(InputError, match="places 1 and 2 have the same coordinates"):
        inverse_distance(np.zeros(3), np.array([0.0, 0.0, 1.0]))
    with pytest.raises(InputError, match="places 1 and 3 have the same mean GDP per head"):
        economic_distance(np.array([1.0, 2.0, 1.0]))
    with pytest.raises(InputError, match="no neighbour for 330100"):
        city_weights(CITIES, "contiguity", pairs=[(310000, 320100)])
    with pytest.raises(InputError, match="no GDP per head for 330100"):
        city_weights(CITIES, "economic", gdp_per_head=pd.Series({310000: 1.0, 320100: 2.0}))
    with pytest.raises(InputError, match="place 2 has no coordinates"):
        great_circle_km(np.array([0.0, np.nan]), np.zeros(2))
    with pytest.raises(InputError, match="lat within -90 and 90"):
        great_circle_km(np.zeros(2), np.array([0.0, 120.0]))
    with pytest.raises(InputError, match="3 neighbours of 3 places"):
        nearest_neighbours(LON, LAT, 3)
    with pytest.raises(InputError, match="no neighbour for b"):
        row_standardised(np.array([[0.0, 1.0], [0.0, 0.0]]), ["a", "b"])
    with pytest.raises(InputError, match="city 310000 stands twice"):
        city_weights(pd.concat([CITIES, CITIES.head(1)]), "inverse_distance")
