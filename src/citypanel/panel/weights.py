"""Spatial weights of cities: inverse distance, economic distance, contiguity, nearest neighbours, products.

A matrix has a zero diagonal and the order of its ids; it is written as CSV with the ids as header, which the
spatial estimators read.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.arrays import Matrix, Vector
from citypanel.atomic import written_beside
from citypanel.declare.complaints import closest
from citypanel.errors import DeclarationError, InputError

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
KINDS = ("inverse_distance", "economic", "contiguity", "knn")


def great_circle_km(lon: Vector, lat: Vector) -> Matrix:
    """Return the great-circle distances between places in km, shape (places, places).

    Parameters
    ----------
    lon, lat : arrays, shape (places,)
        Degrees, east and north positive.

    Raises
    ------
    InputError
        A coordinate is missing or outside its range.

    Notes
    -----
    Haversine formula, exact for near places too (Sinnott 1984).
    """
    if not (np.all(np.isfinite(lon)) and np.all(np.isfinite(lat))):
        place = int(np.flatnonzero(~(np.isfinite(lon) & np.isfinite(lat)))[0])
        raise InputError(f"weights: place {place + 1} has no coordinates; give lon and lat in degrees")
    if np.any(np.abs(lon) > 180) or np.any(np.abs(lat) > 90):
        place = int(np.flatnonzero((np.abs(lon) > 180) | (np.abs(lat) > 90))[0])
        raise InputError(
            f"weights: place {place + 1} lies at lon {lon[place]:g}, lat {lat[place]:g}; "
            "lon within -180 and 180, lat within -90 and 90 are needed"
        )
    east, north = np.radians(lon), np.radians(lat)
    across = np.sin((north[:, None] - north[None, :]) / 2.0) ** 2
    along = np.sin((east[:, None] - east[None, :]) / 2.0) ** 2
    chord = across + np.cos(north)[:, None] * np.cos(north)[None, :] * along
    return np.asarray(2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


def inverse_distance(lon: Vector, lat: Vector, *, power: float = 1.0, cutoff_km: float | None = None) -> Matrix:
    """Return weights d^-power of the great-circle distance d in km; 0 beyond `cutoff_km`.

    Raises
    ------
    InputError
        Two places have the same coordinates.
    """
    distances = great_circle_km(lon, lat)
    weights = _inverse(distances, power, "the same coordinates")
    return weights if cutoff_km is None else np.where(distances <= cutoff_km, weights, 0.0)


def economic_distance(mean_gdp_per_head: Vector) -> Matrix:
    """Return weights 1 / |a - b| of the places' mean GDP per head over the years; the unit cancels in rows.

    Raises
    ------
    InputError
        A mean is missing, or two places have the same.
    """
    if not np.all(np.isfinite(mean_gdp_per_head)):
        place = int(np.flatnonzero(~np.isfinite(mean_gdp_per_head))[0])
        raise InputError(f"weights: place {place + 1} has no GDP per head; economic distance needs it")
    gaps = np.abs(mean_gdp_per_head[:, None] - mean_gdp_per_head[None, :])
    return _inverse(gaps, 1.0, "the same mean GDP per head")


def _inverse(distances: Matrix, power: float, same: str) -> Matrix:
    apart = distances + np.diag(np.full(distances.shape[0], np.inf))
    if np.any(apart <= 0):
        i, j = (int(side[0]) for side in np.nonzero(apart <= 0))
        raise InputError(f"weights: places {i + 1} and {j + 1} have {same}; their weight would be infinite")
    return np.asarray(apart**-power)


def contiguity(pairs: Iterable[tuple[object, object]], ids: Sequence[object]) -> Matrix:
    """Return weights 1 for neighbours in a list of pairs; pairs count both ways, those of others not at all.

    Raises
    ------
    InputError
        A place is listed as its own neighbour.
    """
    at = {str(name): number for number, name in enumerate(ids)}
    weights = np.zeros((len(ids), len(ids)))
    for left, right in pairs:
        i, j = at.get(str(left)), at.get(str(right))
        if i is None or j is None:
            continue
        if i == j:
            raise InputError(f"weights: {left} is listed as its own neighbour")
        weights[i, j] = weights[j, i] = 1.0
    return weights


def nearest_neighbours(lon: Vector, lat: Vector, count: int) -> Matrix:
    """Return weights 1 for the `count` nearest places of each; ties go to the earlier place. Not symmetric.

    Raises
    ------
    InputError
        There are not more places than neighbours.
    """
    places = len(lon)
    if not 0 < count < places:
        raise InputError(f"weights: {count} neighbours of {places} places; at least 1 and fewer than the places")
    distances = great_circle_km(lon, lat)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :count]
    weights = np.zeros((places, places))
    np.put_along_axis(weights, nearest, 1.0, axis=1)
    return weights


def product(*weights: Matrix) -> Matrix:
    """Return the element-wise product, as of geographical and economic nearness."""
    result = weights[0]
    for other in weights[1:]:
        result = result * other
    return result


def row_standardised(weights: Matrix, ids: Sequence[object] | None = None) -> Matrix:
    """Return the weights with rows that sum to one.

    Raises
    ------
    InputError
        A place has no neighbour; the message names it.
    """
    sums = weights.sum(axis=1)
    if np.any(sums <= 0):
        alone = [str(ids[k]) if ids else f"place {k + 1}" for k in np.flatnonzero(sums <= 0).tolist()]
        raise InputError(f"weights: no neighbour for {', '.join(alone[:10])}; every place needs one")
    return np.asarray(weights / sums[:, None])


def city_weights(
    cities: pd.DataFrame,
    kind: str,
    *,
    gdp_per_head: pd.Series | None = None,
    pairs: Iterable[tuple[object, object]] = (),
) -> Matrix:
    """Return the weights a declaration names, raw, in the order of the cities.

    Parameters
    ----------
    cities : DataFrame
        adcode, lon, lat; one row per city.
    kind : str
        `inverse_distance[:POWER]`, `economic`, `contiguity`, `knn:COUNT`, or a product joined by `*`.
    gdp_per_head : Series, optional
        Mean over the years by adcode, for `economic`.
    pairs : iterable of pairs of adcodes
        For `contiguity`.

    Raises
    ------
    DeclarationError
        The kind is unknown, or what it needs was not given.
    InputError
        A city has no coordinates or GDP, stands twice, or has no neighbour.
    """
    if cities["adcode"].duplicated().any():
        twice = cities.loc[cities["adcode"].duplicated(), "adcode"].iloc[0]
        raise InputError(f"weights: city {twice} stands twice; once is allowed")
    listed = list(pairs)
    factors = [_one_kind(cities, part.strip(), gdp_per_head, listed) for part in kind.split("*")]
    weights = product(*factors)
    row_standardised(weights, cities["adcode"].tolist())
    return weights


def _one_kind(
    cities: pd.DataFrame,
    kind: str,
    gdp_per_head: pd.Series | None,
    pairs: list[tuple[object, object]],
) -> Matrix:
    name, _, argument = kind.partition(":")
    lon, lat = (cities[column].to_numpy(dtype=np.float64) for column in ("lon", "lat"))
    builders: dict[str, Callable[[], Matrix]] = {
        "inverse_distance": lambda: inverse_distance(lon, lat, power=_number(kind, argument or "1")),
        "economic": lambda: _economic(cities, gdp_per_head),
        "contiguity": lambda: contiguity(pairs, cities["adcode"].tolist()),
        "knn": lambda: nearest_neighbours(lon, lat, int(_number(kind, argument))),
    }
    if name not in builders:
        raise DeclarationError(f"weights '{kind}' is unknown{closest(name, KINDS)}")
    return builders[name]()


def _number(kind: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise DeclarationError(f"weights '{kind}': a positive number is expected after the colon")
    return value


def _economic(cities: pd.DataFrame, gdp_per_head: pd.Series | None) -> Matrix:
    if gdp_per_head is None:
        raise DeclarationError("weights 'economic' needs the mean GDP per head of the cities")
    means = cities["adcode"].map(gdp_per_head)
    if means.isna().any():
        missing = ", ".join(str(code) for code in cities.loc[means.isna(), "adcode"].tolist()[:10])
        raise InputError(f"weights: economic distance has no GDP per head for {missing}")
    return economic_distance(means.to_numpy(dtype=np.float64))


def write_weights(weights: Matrix, ids: Sequence[object], path: Path) -> None:
    """Write weights as CSV, ids as header, in full precision; nothing half-made is left behind."""
    frame = pd.DataFrame(weights, columns=[str(name) for name in ids])
    with written_beside(path) as beside:
        frame.to_csv(beside, index=False, float_format="%.17g", lineterminator="\n")
