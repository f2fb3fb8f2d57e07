"""Variance estimators: the bread is the model's, the meat is the convention's, every factor is named."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.errors import EstimationError
from citypanel.estimate.convention import Convention
from citypanel.result import Value

EARTH_RADIUS_KM = 6371.0


@dataclass(frozen=True)
class Neighbours:
    """Who belongs together: what a variance needs to know of the rows beyond their scores.

    `clusters` holds one array of codes per cluster variable; `leverage` is the diagonal of the hat matrix,
    fixed effects included.
    """

    clusters: tuple[Codes, ...] = ()
    unit: Codes | None = None
    time: Codes | None = None
    coordinates: Matrix | None = None
    leverage: Vector | None = None


@dataclass(frozen=True)
class Variance:
    """A covariance matrix of coefficients, degrees of freedom of t, and the convention for the record."""

    matrix: Matrix
    df: float
    record: dict[str, Value]
    clusters: int | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def se(self) -> Vector:
        """Standard errors; a variance that rounding made negative counts as zero."""
        return np.sqrt(np.maximum(np.diag(self.matrix), 0.0))


def variance(
    convention: Convention,
    neighbours: Neighbours,
    bread: Matrix,
    scores: tuple[Matrix, Vector],
    parameters: tuple[int, int],
    *,
    ssc: str = "reghdfe",
    slopes: int | None = None,
) -> Variance:
    """Return the variance of coefficients by the declared convention.

    Parameters
    ----------
    convention : Convention
    neighbours : Neighbours
    bread : array, shape (k, k)
        Inverse of X'X (of X_hat'X_hat with instruments).
    scores : pair of arrays, shapes (rows, k) and (rows,)
        Regressors (fitted ones with instruments) and residuals, both times the root of the weights.
    parameters : pair of int
        K with all fixed effects counted, and K without those nested in the clusters.
    ssc : {"reghdfe", "none"}
        Small-sample factors as reghdfe, or none at all (sums of squares over n).
    slopes : int, optional
        Leading coefficients whose block is made positive semidefinite where it is not; default all. The
        constant that goes with fixed effects stays out of it, as in reghdfe and fixest.

    Raises
    ------
    EstimationError
        A cluster variable has one level, or no degree of freedom is left.

    Notes
    -----
    White (1980), MacKinnon and White (1985), Cameron, Gelbach and Miller (2011) with min(G), Newey and West
    (1987) within units, Driscoll and Kraay (1998), Conley (1999).
    """
    X, residuals = scores
    n, k = residuals.size, parameters[0]
    if n <= k:
        raise EstimationError(f"{n} rows cannot carry {k} parameters, fixed effects counted")
    adjusted = ssc != "none"
    record: dict[str, Value] = {"type": convention.kind, "by": list(convention.by), "ssc": ssc}
    if convention.kind == "iid":
        sigma2 = float(np.sum(residuals * residuals)) / (n - k if adjusted else n)
        return Variance(bread * sigma2, n - k, {**record, "df": n - k, "k": k})
    if convention.kind == "cluster":
        return _clustered(neighbours.clusters, bread, (X.T * residuals).T, parameters[1], record, slopes=slopes)
    meat, factor, df, stated = _meat(convention, neighbours, (X, residuals), k)
    factor = factor if adjusted else 1.0
    matrix = factor * bread @ meat @ bread
    fixed, warnings = _positive(matrix, slopes)
    return Variance(fixed, df, {**record, **stated, "df": df, "k": k, "factor": factor}, None, warnings)


def _meat(
    convention: Convention, neighbours: Neighbours, parts: tuple[Matrix, Vector], k: int
) -> tuple[Matrix, float, int, dict[str, Value]]:
    """Return meat, small-sample factor, degrees of freedom and what the record says of them."""
    X, residuals = parts
    n = residuals.size
    S = (X.T * residuals).T
    if convention.kind == "HC1":
        return S.T @ S, n / (n - k), n - k, {"type": "hetero", "hc": "HC1"}
    if convention.kind in ("HC2", "HC3"):
        left = _leftover(neighbours.leverage)
        S = S / (np.sqrt(left) if convention.kind == "HC2" else left)[:, None]
        return S.T @ S, 1.0, n - k, {"type": "hetero", "hc": convention.kind}
    if convention.kind == "conley":
        stated: dict[str, Value] = {"cutoff_km": convention.cutoff_km, "kernel": convention.kernel}
        return meat_of(convention, neighbours, S), n / (n - k), n - k, stated
    unit, time = neighbours.unit, neighbours.time
    if time is None or (unit is None and convention.kind == "hac"):
        raise EstimationError(f"vcov {convention.kind} needs the panel's unit and time (--unit, --time)")
    lags: dict[str, Value] = {"lags": convention.lags, "kernel": "bartlett"}
    periods = int(np.unique(time).size)
    if periods < 2:
        raise EstimationError(f"vcov {convention.kind} needs two periods at least; the data have 1")
    factor = (n - 1) / (n - k) * periods / (periods - 1)
    return meat_of(convention, neighbours, S), factor, periods - 1, lags


def meat_of(convention: Convention, neighbours: Neighbours, S: Matrix) -> Matrix:
    """Return the meat of scores, without any factor; for iid and HC it is White's.

    Parameters
    ----------
    convention : Convention
    neighbours : Neighbours
    S : array, shape (rows, k)
        Scores.
    """
    if convention.kind == "cluster":
        return cluster_meat(S, neighbours.clusters)
    if convention.kind == "conley":
        return conley_meat(S, neighbours.coordinates, convention)
    if convention.kind in ("hac", "dk") and neighbours.time is not None:
        unit = neighbours.unit if convention.kind == "hac" else None
        return newey_west_meat(S, unit, neighbours.time, convention.lags)
    return np.asarray(S.T @ S)


def cluster_meat(S: Matrix, clusters: Sequence[Codes]) -> Matrix:
    """Return the meat for one- or multi-way clusters, by inclusion and exclusion of their intersections."""
    meat = np.zeros((S.shape[1], S.shape[1]))
    for size in range(1, len(clusters) + 1):
        for chosen in combinations(range(len(clusters)), size):
            sums = cluster_sums(S, _intersection([clusters[c] for c in chosen]))
            meat += (-1) ** (size + 1) * (sums.T @ sums)
    return meat


def _leftover(leverage: Vector | None) -> Vector:
    if leverage is None:
        raise EstimationError("HC2 and HC3 need the leverage of the fixed effects, which is too large to find here")
    left = 1.0 - leverage
    if np.any(left < 1e-10):
        raise EstimationError(
            "HC2 and HC3 do not exist: a row determines a parameter alone; drop singletons or take hetero"
        )
    return left


def cluster_sums(S: Matrix, codes: Codes) -> Matrix:
    """Return the sum of scores of each cluster, shape (clusters, k)."""
    size = int(codes.max()) + 1
    return np.stack([np.bincount(codes, column, minlength=size) for column in S.T], axis=1)


def _clustered(
    clusters: Sequence[Codes],
    bread: Matrix,
    S: Matrix,
    k: int,
    record: dict[str, Value],
    *,
    slopes: int | None,
) -> Variance:
    n = S.shape[0]
    groups = [int(codes.max()) + 1 for codes in clusters]
    for name, count in zip(_names(record), groups, strict=True):
        if count < 2:
            raise EstimationError(f"cluster key '{name}' has one level; clustered errors need two at least")
    if n <= k:
        raise EstimationError(f"{n} rows cannot carry {k} parameters")
    meat = cluster_meat(S, clusters)
    least = min(groups)
    factor = least / (least - 1) * (n - 1) / (n - k) if record["ssc"] != "none" else 1.0
    matrix = factor * bread @ meat @ bread
    fixed, warnings = _positive(matrix, slopes) if len(clusters) > 1 else (matrix, ())
    stated: dict[str, Value] = {"df": least - 1, "k": k, "factor": factor, "groups": list(groups)}
    return Variance(fixed, least - 1, {**record, **stated}, least, warnings)


def _names(record: dict[str, Value]) -> list[str]:
    by = record["by"]
    return [str(name) for name in by] if isinstance(by, list) else []


def _intersection(codes: Sequence[Codes]) -> Codes:
    joint = codes[0]
    for other in codes[1:]:
        joint = np.unique(joint * (int(other.max()) + 1) + other, return_inverse=True)[1]
    return joint


def _positive(matrix: Matrix, slopes: int | None) -> tuple[Matrix, tuple[str, ...]]:
    """Return the matrix with negative eigenvalues set to zero: Cameron, Gelbach and Miller (2011), 2.3."""
    block = matrix[:slopes, :slopes]
    values, vectors = np.linalg.eigh((block + block.T) / 2)
    if not values.size or values[0] >= -1e-12 * abs(values[-1]):
        return matrix, ()
    fixed = matrix.copy()
    fixed[:slopes, :slopes] = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return fixed, ("the variance matrix was not positive semidefinite; its negative eigenvalues are set to zero",)


def newey_west_meat(S: Matrix, unit: Codes | None, time: Codes, lags: int) -> Matrix:
    """Return the meat with Bartlett weights 1 - l / (lags + 1) over periods.

    Parameters
    ----------
    S : array, shape (rows, k)
        Scores.
    unit : codes or None
        Products are formed within units; None sums the scores of a period first (Driscoll-Kraay).
    time : array of int, shape (rows,)
        Periods of the calendar: a lag is a difference of these numbers, not of rows.
    lags : int
    """
    if unit is None:
        levels, time = np.unique(time, return_inverse=True)
        S = cluster_sums(S, time)
        unit, time = np.zeros(levels.size, dtype=np.intp), levels.astype(np.intp)
    meat = S.T @ S
    span = int(time.max() - time.min()) + 1 + lags
    cells = unit * span + (time - time.min())
    if np.unique(cells).size < cells.size:
        raise EstimationError("vcov hac needs one row per unit and period; there are two in one of them")
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    for lag in range(1, lags + 1):
        at = np.minimum(np.searchsorted(ordered, cells - lag), ordered.size - 1)
        found = ordered[at] == cells - lag
        found &= unit[order[at]] == unit
        cross = S[found].T @ S[order[at[found]]]
        meat = meat + (1 - lag / (lags + 1)) * (cross + cross.T)
    return meat


def conley_meat(S: Matrix, coordinates: Matrix | None, convention: Convention) -> Matrix:
    """Return the meat of all pairs of rows within the cutoff, whatever their periods.

    Rows of one place are at distance zero, so their scores are summed first. Great circle by the haversine
    formula on a sphere of 6,371 km.
    """
    if coordinates is None:
        raise EstimationError("vcov conley needs coordinates")
    if np.any(np.abs(coordinates[:, 0]) > 90) or np.any(np.abs(coordinates[:, 1]) > 360):
        raise EstimationError(
            f"vcov conley: {convention.latitude} must hold degrees in -90..90 and {convention.longitude} in -360..360"
        )
    places, codes = np.unique(coordinates, axis=0, return_inverse=True)
    sums = cluster_sums(S, np.ravel(codes))
    meat = np.zeros((S.shape[1], S.shape[1]))
    for start in range(0, len(places), 1000):
        block = slice(start, start + 1000)
        distance = great_circle_km(places[block], places)
        near = (distance <= convention.cutoff_km).astype(np.float64)
        if convention.kernel == "bartlett":
            near *= 1 - distance / convention.cutoff_km
        meat += sums[block].T @ (near @ sums)
    return meat


def great_circle_km(first: Matrix, second: Matrix) -> Matrix:
    """Return distances in km between places given as (latitude, longitude) in degrees, shape (a, b)."""
    a, b = np.radians(first)[:, None, :], np.radians(second)[None, :, :]
    rise, run = (np.sin((a[..., axis] - b[..., axis]) / 2) ** 2 for axis in (0, 1))
    chord = rise + np.cos(a[..., 0]) * np.cos(b[..., 0]) * run
    distance: Matrix = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return distance
