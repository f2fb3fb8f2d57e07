"""Positions in the cooperation network of one year: strength, eigenvector and betweenness centrality.

Nodes are the places given; weights are counts of joint patents between two places.
"""

import math

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from citypanel.arrays import Codes, Matrix, Vector
from citypanel.indicators.spectrum import leading_eigenvector

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
_ROUNDING = 1e-9  # relative; far above the rounding of a path's length, so no shortest path is missed


def strength(weights: Matrix) -> Vector:
    """Sum of the weights to all other nodes.

    Parameters
    ----------
    weights : array, shape (nodes, nodes)
        Symmetric; the diagonal is left out.
    """
    return np.asarray(weights.sum(axis=1) - np.diagonal(weights))


def gravity(masses: Vector, distances: Matrix, power: float) -> Vector:
    """Sum of the gravity links to all other nodes.

    Parameters
    ----------
    masses : array, shape (nodes,)
        What attracts, as patents.
    distances : array, shape (nodes, nodes)
        In km; the diagonal is left out.
    power : float
        Of the distance.

    Returns
    -------
    array, shape (nodes,)
        sum_j I_i I_j / d_ij^power, j other than i.

    Raises
    ------
    ValueError
        Two nodes at one place.
    """
    apart = distances + np.diag(np.full(len(masses), np.inf))
    if (apart <= 0).any():
        raise ValueError("two nodes lie at one place, so that their gravity link is infinite")
    return np.asarray(masses * (apart**-power @ masses))


def great_circle_km(lon: Vector, lat: Vector) -> Matrix:
    """Distances between all places on a sphere of the Earth's mean radius, by the haversine formula."""
    east, north = np.radians(lon), np.radians(lat)
    across = np.sin((north[:, None] - north) / 2) ** 2
    along = np.cos(north[:, None]) * np.cos(north) * np.sin((east[:, None] - east) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(across + along, 1.0))))


def components(weights: Matrix) -> Codes:
    """Return the number of each node's connected component; 0 holds the first node, and so on."""
    labels = np.full(len(weights), -1, dtype=np.intp)
    linked = weights > 0
    number = 0
    for node in range(len(weights)):
        if labels[node] >= 0:
            continue
        inside = np.zeros(len(weights), dtype=bool)
        inside[node] = True
        frontier = inside
        while frontier.any():
            reached = linked[frontier].any(axis=0) & ~inside
            inside = inside | reached
            frontier = reached
        labels[inside] = number
        number += 1
    return labels


def eigenvector(weights: Matrix) -> Vector:
    """Eigenvector centrality on the largest connected component, zero elsewhere.

    Returns
    -------
    array, shape (nodes,)
        The eigenvector of the largest eigenvalue, positive, of Euclidean length one; zeros without any link.
        Of two components of the same size the one with more weight counts, then the one with the first node.

    Notes
    -----
    Bonacich (1972). On one connected component the eigenvector is unique and positive (Perron-Frobenius).
    """
    result = np.zeros(len(weights))
    between = weights - np.diag(np.diagonal(weights))
    labels = components(between)
    sizes = np.bincount(labels, minlength=1)
    total = np.bincount(labels, strength(between), minlength=1) if len(labels) else np.zeros(1)
    largest = max(range(len(sizes)), key=lambda c: (sizes[c], total[c], -c))
    inside = np.flatnonzero(labels == largest)
    if len(inside) < 2:
        return result
    part = between[np.ix_(inside, inside)]
    _, vector = leading_eigenvector(part, part.sum(axis=1))
    result[inside] = np.abs(vector)
    return result


def betweenness(weights: Matrix) -> Vector:
    """Betweenness centrality with distance 1/weight.

    Parameters
    ----------
    weights : array, shape (nodes, nodes)
        Symmetric whole numbers; 0 is no link, the diagonal is left out.

    Returns
    -------
    array, shape (nodes,)
        Share of the pairs of other nodes whose shortest paths run through a node: divided by
        (nodes - 1)(nodes - 2)/2, and a pair with several shortest paths counts each path equally.

    Notes
    -----
    Freeman (1977), by the accumulation of Brandes (2001). Whether two paths are equally short is decided in
    whole numbers, with the least common multiple of all weights divided by the weight as distance: sums of
    reciprocals in floating point break such ties. Floating-point distances only narrow down which links are
    compared.
    """
    size = len(weights)
    tails, heads = np.nonzero(weights - np.diag(np.diagonal(weights)))
    result = np.zeros(size)
    if size < 3 or not len(tails):
        return result
    counts = [int(weight) for weight in weights[tails, heads]]
    multiple = math.lcm(*set(counts))
    exact = [multiple // count for count in counts]
    lengths = 1.0 / np.array(counts)
    graph = csr_array((lengths, (tails, heads)), shape=(size, size))
    for source, distance in enumerate(dijkstra(graph)):
        with np.errstate(invalid="ignore"):
            gap = np.abs(distance[tails] + lengths - distance[heads])
            near = np.flatnonzero(gap <= _ROUNDING * distance[heads])
        near = near[np.argsort(distance[heads[near]], kind="stable")]
        links = [(int(tails[e]), int(heads[e]), exact[e]) for e in near]
        result += _dependencies(source, links, size)
    return result / ((size - 1) * (size - 2))


def _dependencies(source: int, links: list[tuple[int, int, int]], size: int) -> Vector:
    """How much of the shortest paths from `source` each node carries; `links` in the order of their heads."""
    best: dict[int, int] = {source: 0}
    before: dict[int, list[int]] = {}
    for tail, head, length in links:
        found = best[tail] + length
        if head not in best or found < best[head]:
            best[head], before[head] = found, [tail]
        elif found == best[head]:
            before[head].append(tail)
    paths = {source: 1}
    for head, tails in before.items():
        paths[head] = sum(paths[tail] for tail in tails)
    carried = np.zeros(size)
    for head in reversed(before):
        for tail in before[head]:
            carried[tail] += paths[tail] / paths[head] * (1.0 + carried[head])
    carried[source] = 0.0
    return carried
