"""Centralities against closed forms and networkx."""

import math

import networkx as nx
import numpy as np
import pytest

from citypanel.indicators.network import betweenness, components, eigenvector, strength
from citypanel.indicators.spectrum import leading_eigenvector


def symmetric(size: int, links: dict[tuple[int, int], int]) -> np.ndarray:
    weights = np.zeros((size, size))
    for (i, j), weight in links.items():
        weights[i, j] = weights[j, i] = weight
    return weights


def test_strength_leaves_the_own_flows_out() -> None:
    assert strength(symmetric(3, {(0, 0): 9, (0, 1): 2, (1, 2): 5})).tolist() == [2, 7, 5]


def test_the_centre_of_a_star_is_between_all_its_ends() -> None:
    star = symmetric(4, {(0, 1): 1, (0, 2): 1, (0, 3): 1})
    assert betweenness(star).tolist() == [1, 0, 0, 0]
    # Eigenvector of a star: centre 1/sqrt(2), each of three ends 1/sqrt(6).
    assert eigenvector(star) == pytest.approx([2**-0.5, *[6**-0.5] * 3], rel=1e-14)


def test_equally_short_paths_are_told_in_whole_numbers() -> None:
    # 0-1-2-3 is 1/3 + 1/3 + 1/3 and 0-3 is 1/1: equal, though not in floating point for every such sum.
    weights = symmetric(4, {(0, 1): 3, (1, 2): 3, (2, 3): 3, (0, 3): 1})
    # Of the six pairs only (0, 3) has two paths; 1 carries half of it and (0, 2); divided by three pairs.
    assert betweenness(weights) == pytest.approx([0, (1 + 0.5) / 3, (1 + 0.5) / 3, 0], rel=1e-15)
    tie = symmetric(3, {(0, 1): 10, (1, 2): 5, (0, 2): 3})
    assert betweenness(symmetric(3, {(0, 1): 6, (1, 2): 3, (0, 2): 2})).tolist() == [0, 0.5, 0]
    assert betweenness(tie).tolist() == [0, 1, 0]


def test_only_the_largest_component_has_eigenvector_centrality() -> None:
    weights = symmetric(6, {(0, 1): 100, (2, 3): 1, (3, 4): 1})
    assert components(weights).tolist() == [0, 0, 1, 1, 1, 2]
    assert eigenvector(weights) == pytest.approx([0, 0, 0.5, 2**-0.5, 0.5, 0], abs=1e-15)


def test_of_two_components_of_one_size_the_heavier_counts() -> None:
    assert eigenvector(symmetric(4, {(0, 1): 1, (2, 3): 2})) == pytest.approx([0, 0, 2**-0.5, 2**-0.5])


def test_a_network_without_links_has_zeros() -> None:
    empty = np.zeros((3, 3))
    assert eigenvector(empty).tolist() == betweenness(empty).tolist() == [0, 0, 0]
    assert eigenvector(np.zeros((0, 0))).tolist() == []


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_agree_with_networkx(seed: int) -> None:
    draw = np.random.default_rng(seed)
    size = 30
    links = np.triu(draw.integers(1, 6, (size, size)) * (draw.random((size, size)) < 0.2), 1)
    weights = (links + links.T).astype(float)
    graph = nx.from_numpy_array(weights)
    for _, _, edge in graph.edges(data=True):
        edge["distance"] = math.lcm(*range(1, 6)) // int(edge["weight"])
    expected = nx.betweenness_centrality(graph, weight="distance")
    assert betweenness(weights) == pytest.approx([expected[i] for i in range(size)], abs=1e-14)
    if nx.is_connected(graph):
        vector = nx.eigenvector_centrality_numpy(graph, weight="weight")
        assert eigenvector(weights) == pytest.approx([vector[i] for i in range(size)], abs=1e-12)


def test_the_leading_eigenvector_beside_a_known_one_is_the_second() -> None:
    draw = np.random.default_rng(5)
    matrix = draw.normal(size=(40, 40))
    matrix = matrix + matrix.T
    values, vectors = np.linalg.eigh(matrix)
    value, vector = leading_eigenvector(matrix, np.ones(40), vectors[:, -1][None, :])
    assert value == pytest.approx(values[-2], rel=1e-12)
    assert np.abs(vector @ vectors[:, -2]) == pytest.approx(1.0, rel=1e-12)
