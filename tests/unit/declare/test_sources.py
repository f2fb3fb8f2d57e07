"""Sources: every register has one, every line is whole, and a wrong line is told with file, row and column."""

import csv
import shutil
from pathlib import Path

import pytest

from citypanel.declare.sources import COLUMNS, read_sources, source_of
from citypanel.errors import InputError
from citypanel.intake.kinds import KINDS
from citypanel.package.codebook import Meanings, describe, read_data


@pytest.fixture
def sources(project: Path):
    return read_sources(project / "registers" / "sources.csv")


def test_every_register_has_a_source_with_a_licence(project, sources) -> None:
    for path in sorted((project / "registers").glob("*.csv")):
        found = source_of(f"registers/{path.name}", "", sources)
        assert found is not None, f"add a row that feeds registers/{path.name} to registers/sources.csv"
        assert found.gives == "rows"


def test_every_column_of_every_register_has_a_meaning(project) -> None:
    meanings = Meanings(project / "registers", {})
    for path in sorted((project / "registers").glob("*.csv")):
        for column in read_data(path).columns:
            found = meanings.of(f"registers/{path.name}", str(column))
            assert found is not None, f"add the column '{column}' of {path.name} to registers/codebook.csv"


def test_every_column_that_the_sample_is_simulated_from_has_meaning_and_unit(project) -> None:
    meanings = Meanings(project / "registers", {})
    folder = project / "src" / "citypanel" / "sample" / "data"
    for path in sorted(folder.glob("*.csv")):
        name = path.relative_to(project).as_posix()
        for field in describe(path, name, meanings, "written"):
            assert field.lacks() == [], (name, field.name)


def test_every_kind_of_raw_file_and_every_layout_has_a_source(project, sources) -> None:
    folders = {table: kind.folder for table, kind in KINDS.items()}
    with (project / "registers" / "layouts.csv").open(encoding="utf-8") as stream:
        layouts = {(row["layout"], row["table"]) for row in csv.DictReader(stream)}
    for layout, table in layouts:
        if table in folders:
            assert source_of(folders[table], layout, sources) is not None, layout


def test_customs_records_protect_firms_and_no_licensed_source_gives_rows(sources) -> None:
    assert source_of("customs", "customs_2005", sources).protects == "firms"
    assert not [source for source in sources if source.licence == "licensed" and source.gives == "rows"]


def test_a_source_of_named_layouts_comes_before_one_of_all(sources) -> None:
    assert source_of("patents", "patents_incopat", sources).source == "incopat"
    assert source_of("patents", "patents_patentics", sources).source == "patent_vendors"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("gives", "everything", "row 2, column 'gives' is 'everything'; allowed: 'rows', 'values' or 'statistics'"),
        ("cost_en", "", "row 2, column 'cost_en' is ''"),
        ("source", "My Source", "row 2, column 'source' is 'My Source'"),
    ],
)
def test_a_wrong_cell_is_told_with_file_row_and_column(project, tmp_path, column, value, message) -> None:
    path = tmp_path / "sources.csv"
    shutil.copy(project / "registers" / "sources.csv", path)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[0][column] = value
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(InputError) as error:
        read_sources(path)
    assert message in str(error.value)


def test_a_missing_column_is_named(tmp_path) -> None:
    path = tmp_path / "sources.csv"
    path.write_text("source,feeds\n", encoding="utf-8")
    with pytest.raises(InputError, match="column 'layouts' is missing; needed: source, feeds, layouts"):
        read_sources(path)
