"""Weights files: what is read, what is refused and how the refusal names the units."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from citypanel.errors import InputError
from citypanel.estimate.spatial_weights import WeightsFile, panel_weights, read_weights, unit_key

SQUARE = "0,1,0\n1,0,1\n0,1,0\n"
EXPECTED = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])


def written(folder: Path, text: str, name: str = "w.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def dense(file: WeightsFile) -> np.ndarray:
    return file.matrix.toarray() if sparse.issparse(file.matrix) else np.asarray(file.matrix)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (SQUARE, None),
        (SQUARE.replace(",", ";"), None),
        (SQUARE.replace(",", "\t"), None),
        (SQUARE.replace(",", " "), None),
        ("a,b,c\n" + SQUARE, ("a", "b", "c")),
        ("110000,120000,130000\n" + SQUARE, ("110000", "120000", "130000")),
        (",a,b,c\na,0,1,0\nb,1,0,1\nc,0,1,0\n", ("a", "b", "c")),
        ("city,1,2,3\n1,0,1,0\n2,1,0,1\n3,0,1,0\n", ("1", "2", "3")),
        ("a b c\na 0 1 0\nb 1 0 1\nc 0 1 0\n", ("a", "b", "c")),
        ("i,j,w\na,b,1\nb,a,1\nb,c,1\nc,b,1\n", ("a", "b", "c")),
        ("I,J,W\n10,9,1\n9,10,1\n10,11,1\n11,10,1\n", ("9", "10", "11")),
        ("1,2,1\n2,1,1\n2,3,1\n3,2,1\n", ("1", "2", "3")),
    ],
)
def test_dense_and_long_files_are_read_with_or_without_names(tmp_path: Path, text: str, ids: object) -> None:
    file = read_weights(written(tmp_path, text))
    assert file.ids == ids
    assert dense(file).tolist() == EXPECTED.tolist()


def test_a_parquet_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    pd.DataFrame(EXPECTED, columns=["a", "b", "c"]).to_parquet(path)
    assert read_weights(path).ids == ("a", "b", "c")


def test_the_order_of_w_ids_brings_rows_to_the_panels_units(tmp_path: Path) -> None:
    ids = written(tmp_path, "unit\nc\na\nb\n", "ids.csv")
    file = read_weights(written(tmp_path, "0,2,0\n1,0,3\n0,4,0\n"), ids)
    weights = panel_weights(file, ["a", "b", "c"], np.arange(3), row_standardise=False)
    assert np.asarray(weights.matrix).tolist() == [[0, 3, 1], [4, 0, 0], [2, 0, 0]]


def test_a_header_of_numbers_matches_units_that_are_numbers(tmp_path: Path) -> None:
    file = read_weights(written(tmp_path, "3,1,2\n0,1,2\n3,0,4\n5,6,0\n"))
    weights = panel_weights(file, [1, 2, 3], np.arange(3), row_standardise=False)
    assert np.asarray(weights.matrix).tolist() == [[0, 4, 3], [6, 0, 5], [1, 2, 0]]
    assert unit_key(110000.0) == unit_key("110000") == unit_key(110000) == "110000"


def test_a_header_that_only_counts_columns_is_no_name(tmp_path: Path) -> None:
    file = read_weights(written(tmp_path, "V1,V2,V3\n" + SQUARE))
    weights = panel_weights(file, ["x", "y", "z"], np.arange(3), row_standardise=True)
    assert np.asarray(weights.matrix).tolist() == [[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]]


def test_units_that_the_weights_lack_are_named(tmp_path: Path) -> None:
    file = read_weights(written(tmp_path, "a,b,c\n" + SQUARE))
    with pytest.raises(InputError, match=r"units of the panel are missing in it: d, e"):
        panel_weights(file, ["a", "b", "c", "d", "e"], np.arange(5), row_standardise=True)
    with pytest.raises(InputError, match=r"none of the panel's units is in it; missing: x, y, z; it has a, b, c"):
        panel_weights(file, ["x", "y", "z"], np.arange(3), row_standardise=True)


def test_a_nameless_table_of_another_size_names_both_sizes(tmp_path: Path) -> None:
    file = read_weights(written(tmp_path, SQUARE))
    with pytest.raises(InputError, match=r"3 units and the panel has 4; name its rows .* a, b, c, d"):
        panel_weights(file, ["a", "b", "c", "d"], np.arange(4), row_standardise=True)


def test_units_beyond_the_sample_are_left_out_with_a_warning_and_rows_sum_to_one_again(tmp_path: Path) -> None:
    file = read_weights(written(tmp_path, "a,b,c,d\n0,1,1,2\n1,0,1,1\n1,1,0,1\n2,1,1,0\n"))
    weights = panel_weights(file, ["a", "b", "c"], np.arange(3), row_standardise=True)
    assert np.asarray(weights.matrix).sum(axis=1).tolist() == [1, 1, 1]
    assert weights.warnings == ("weights w.csv: 1 units not in the sample were left out: d",)


def test_a_nameless_table_covers_all_units_of_the_data_when_the_sample_is_smaller(tmp_path: Path) -> None:
    file = read_weights(written(tmp_path, "0,1,5\n1,0,1\n5,1,0\n"))
    weights = panel_weights(file, ["a", "b", "c"], np.array([0, 2]), row_standardise=False)
    assert np.asarray(weights.matrix).tolist() == [[0, 5], [5, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1,0\n1,0,0\n0,0,0\n", "no neighbour in the sample for c"),
        ("0,-1,1\n1,0,1\n1,1,0\n", r"the weight of row 2 for row 1 is negative \(-1\)"),
        ("1,1,1\n1,0,1\n1,1,0\n", "row 1 is its own neighbour; the diagonal must be 0"),
        ("0,,1\n1,0,1\n1,1,0\n", "a cell is empty or not finite"),
        ("0,1,1,1\n1,0,1,1\n", "2 rows and 4 columns"),
        ("0,x,1\n1,0,1\n1,1,0\n", "not a number|rows and"),
        ("a,b,a\n" + SQUARE, "unit a stands twice in the header|stands twice"),
        ("i,j,w\na,b,1\na,b,2\nb,a,1\n", "the pair a, b stands twice"),
        (",a,b,c\nb,0,1,0\na,1,0,1\nc,0,1,0\n", "row 1 is b and column 1 is a"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        panel_weights(read_weights(written(tmp_path, text)), ["a", "b", "c"], np.arange(3), row_standardise=True)


def test_an_island_of_a_long_file_is_known_by_w_ids(tmp_path: Path) -> None:
    long = written(tmp_path, "i,j,w\na,b,1\nb,a,1\n")
    ids = written(tmp_path, "a\nb\nc\n", "ids.csv")
    with pytest.raises(InputError, match="no neighbour in the sample for c"):
        panel_weights(read_weights(long, ids), ["a", "b", "c"], np.arange(3), row_standardise=True)
    with pytest.raises(InputError, match="missing in it: c"):
        panel_weights(read_weights(long), ["a", "b", "c"], np.arange(3), row_standardise=True)


def test_w_ids_of_another_length_are_refused(tmp_path: Path) -> None:
    ids = written(tmp_path, "a\nb\n", "ids.csv")
    with pytest.raises(InputError, match="2 units for the 3 rows"):
        read_weights(written(tmp_path, SQUARE), ids)


def test_a_missing_or_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.csv: there is no such file"):
        read_weights(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match=r"w.csv: it cannot be read"):
        read_weights(written(tmp_path, ""))
