"""Workbooks, tilts and whole dollars against other programs and hand examples."""

import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from citypanel.errors import EstimationError
from citypanel.sample.tilt import repair, tilted_shares, whole_parts
from citypanel.sample.workbook import column_name, write_workbook

ONE = np.zeros(3, dtype=np.intp)


def test_two_readers_see_the_cells_that_were_written(tmp_path: Path) -> None:
    rows = [["城市", "a<b & c", None], [" 12 345 ", 1.0000000000000002, 7], ["", 0, -2.5e-7]]
    path = tmp_path / "t.xlsx"
    write_workbook(path, "地级市", rows)
    sheet = openpyxl.load_workbook(path)["地级市"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == rows
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python() == [
        ["" if cell is None else cell for cell in row] for row in rows
    ]


def test_a_workbook_carries_no_clock(tmp_path: Path) -> None:
    write_workbook(tmp_path / "t.xlsx", "s", [["a"]])
    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}
        assert b"2020-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_columns_are_named_as_spreadsheets_name_them() -> None:
    assert [column_name(i) for i in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_a_tilt_of_two_products_is_the_share_that_solves_the_mean() -> None:
    # One unknown: s 1 + (1 - s) 3 = 1.5, so s = 3/4, whatever the starting weights.
    base = np.array([[0.2, 0.8]])
    shares = tilted_shares(base, np.array([1.0, 3.0]), np.array([1.5]), ONE[:2], np.ones((1, 1)))
    assert shares == pytest.approx(np.array([[0.75, 0.25]]), rel=1e-12)


def test_a_tilt_keeps_weights_that_have_the_mean_already() -> None:
    base = np.array([[0.2, 0.5, 0.3]])
    scores = np.array([1.0, 2.0, 4.0])
    shares = tilted_shares(base, scores, base @ scores, ONE, np.ones((1, 1)))
    assert shares == pytest.approx(base, rel=1e-12)


def test_a_target_out_of_reach_is_an_error_and_not_a_corner() -> None:
    with pytest.raises(EstimationError, match=r"5 is not between 1 and 4; the products of the simulated world"):
        tilted_shares(np.ones((1, 3)), np.array([1.0, 2.0, 4.0]), np.array([5.0]), ONE, np.ones((1, 1)))


def test_whole_parts_add_up_and_keep_their_floor() -> None:
    parts = whole_parts(1_000, np.array([0.7, 0.0, 0.299, 0.001]), 10)
    assert parts.tolist() == [691, 0, 299, 10]
    with pytest.raises(EstimationError, match="too few"):
        whole_parts(15, np.array([0.5, 0.5]), 10)


def test_repair_reaches_a_mean_that_whole_dollars_can_have() -> None:
    # 60 x 1 + 40 x 2 has mean 1.4; moving ten dollars gives 1.5 exactly.
    repaired = repair(np.array([60, 40, 0]), np.array([1.0, 2.0, 9.0]), 1.5, ONE, 0)
    assert repaired.tolist() == [50, 50, 0]
