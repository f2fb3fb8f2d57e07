"""A printed cell is found by what a reader sees, and its number in the record by value and by names."""

import pytest

from citypanel.errors import InputError
from citypanel.package.cells import find_cells, find_place

HEAD = "row,label,column,column_title,statistic,value,printed,stars,data\n"
TABLE = (
    HEAD
    + "inno,Innovation,1,Quality (1),estimate,0.023,0.023***,***,\n"
    + "inno,Innovation,1,Quality (1),t,3.18,(3.18),,\n"
    + "inno,Innovation,2,Quality (2),estimate,0.5,0.500,,\n"
    + "fe:city,City effects,1,Quality (1),fixed_effect,,Yes,,\n"
    + "read: zero,leading zero restored: 70 kept rows,,,reason,,,,\n"
)
FIGURE = "variable,group,n,mean,data\nquality,2011,41,12.5,\nquality,2012,41,12.6,\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table4_en.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("column", ["1", "(1)", "Quality (1)"])
@pytest.mark.parametrize("row", ["inno", "Innovation"])
def test_a_cell_is_found_by_key_number_title_or_label_with_what_stands_beneath(table, column, row) -> None:
    cells = find_cells(table, "table4", column, row)
    assert [(cell.statistic, cell.printed) for cell in cells] == [("estimate", "0.023***"), ("t", "(3.18)")]
    assert [cell.line for cell in cells] == [2, 3]


@pytest.mark.parametrize(
    ("column", "row", "message"),
    [
        ("1", "inn", "table4 has no row 'inn'; did you mean 'inno'?"),
        ("9", "inno", "table4, row 'inno' has no column '9'; columns: 1, 2"),
        ("1", "read: zero", "table4: row 'read: zero' has no numbers"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(table, column, row, message) -> None:
    with pytest.raises(InputError) as error:
        find_cells(table, "table4", column, row)
    assert message in str(error.value)


@pytest.mark.parametrize("row", ["quality,2012", "2"])
def test_a_line_of_a_figure_is_found_by_its_leading_cells_or_its_number(tmp_path, row) -> None:
    path = tmp_path / "figure1_en.csv"
    path.write_text(FIGURE, encoding="utf-8-sig")
    (cell,) = find_cells(path, "figure1", "mean", row)
    assert (cell.value, cell.line) == ("12.6", 3)


def test_leading_cells_that_fit_several_lines_are_refused_with_examples(tmp_path) -> None:
    path = tmp_path / "figure1_en.csv"
    path.write_text(FIGURE, encoding="utf-8-sig")
    with pytest.raises(InputError) as error:
        find_cells(path, "figure1", "mean", "quality")
    # As many leading cells are shown as it takes to name one line.
    assert str(error.value) == (
        "figure1: 'quality' fits 2 lines; name one by its leading cells, as 'quality,2011', 'quality,2012', "
        "or by its number, 1 to 2"
    )


def record(*estimates):
    columns = [{"column": str(i + 1), "n": 410, "terms": terms, "stats": {}} for i, terms in enumerate(estimates)]
    return {"columns": columns, "curves": {}}


def term(name, estimate, statistic):
    return {"term": name, "estimate": estimate, "statistic": statistic}


def test_of_equal_numbers_the_one_under_the_right_names_is_meant(table) -> None:
    # The same double stands at another term and in another column.
    both = record(
        [term("gdp", 0.023, 1.0), term("inno", 0.023, 3.18)],
        [term("inno", 0.023, 3.18)],
    )
    estimate, statistic = (find_place(cell, [both]) for cell in find_cells(table, "t", "1", "inno"))
    assert estimate.pointer == "/columns/0/terms/1/estimate"
    assert statistic.pointer == "/columns/0/terms/1/statistic"


def test_columns_of_several_records_are_counted_through(table) -> None:
    first, second = record([term("inno", 0.5, 1.0)]), record([term("inno", 0.5, 1.0)])
    (cell,) = find_cells(table, "t", "2", "inno")
    place = find_place(cell, [first, second])
    assert (place.record, place.pointer) == (1, "/columns/0/terms/0/estimate")


def test_a_text_has_no_place_in_a_record(table) -> None:
    (cell,) = find_cells(table, "t", "1", "fe:city")
    assert find_place(cell, [record([term("inno", 0.5, 1.0)])]) is None
