"""What data and declarations hold is shown, never run: TeX, pages, spreadsheets, paths, YAML tags, archives."""

import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest
from cases import one_line

from citypanel.cli import main
from citypanel.declare.config import parse_config
from citypanel.declare.study import Cities
from citypanel.declare.yaml import read_yaml
from citypanel.errors import CitypanelError, DeclarationError
from citypanel.exhibits.render import render_table, write_table_files
from citypanel.intake.check import check_raw
from citypanel.result import ColumnResult, Record, TermResult

EVIL = r"\input{/etc/passwd}\write18{touch run}<script>alert(1)</script>&amp;$x^2$ %# _{} ~"
FORMULA = '=HYPERLINK("http://x","y")'


@pytest.fixture
def shown(tmp_path: Path) -> dict[str, Path]:
    """A table whose title, labels and outcome are attacks, in every format."""
    column = ColumnResult(
        "1",
        "quality",
        10,
        terms=(TermResult("x", 1.0, 0.5, 2.0, 0.05), TermResult("z", 1.0, 0.5, 2.0, 0.05)),
        vcov={"type": "iid", "ssc": "reghdfe", "df": 8},
    )
    record = Record("linear", "quality ~ x + z", (column,), sample={"simulated": True}, study="s", analysis="a")
    exhibit = {
        "study": "s",
        "exhibit": "table1",
        "kind": "regression",
        "analysis": ["a"],
        "title": {"en": EVIL, "zh": EVIL},
        "labels": {
            "x": {"en": EVIL, "zh": EVIL},
            "z": {"en": FORMULA, "zh": FORMULA},
            "quality": {"en": EVIL, "zh": EVIL},
        },
        "years": [2011, 2012],
        "columns": {"a": [None]},
        "statistics": ["n"],
    }
    paths = {suffix: tmp_path / f"table.{suffix}" for suffix in ("tex", "html", "xlsx", "csv", "docx")}
    write_table_files(render_table([record], exhibit, "en"), paths)
    return paths


def test_tex_shows_commands_and_runs_none(shown: dict[str, Path]) -> None:
    text = shown["tex"].read_text(encoding="utf-8")
    assert r"\input{/etc" not in text
    assert r"\write18{" not in text
    assert r"\textbackslash" in text


def test_a_page_holds_no_element_from_a_label(shown: dict[str, Path]) -> None:
    text = shown["html"].read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


def test_no_cell_of_a_workbook_or_of_csv_is_a_formula(shown: dict[str, Path]) -> None:
    sheet = openpyxl.load_workbook(shown["xlsx"]).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
    assert ",=HYPERLINK" not in shown["csv"].read_text(encoding="utf-8")
    assert "\n=HYPERLINK" not in shown["csv"].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../escape", "/etc", "a/b", "..", ".", "a b", "A", "a;b", "$(id)", "汉字", "{study}"])
def test_a_study_whose_name_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        parse_config({"studies": [name]})
    one_line(refused.value, "config.yaml, key 'studies")


@pytest.mark.parametrize("name", ["../cities.csv", "/etc/passwd", "a/../../b.csv"])
def test_a_list_of_cities_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="file"):
        Cities(file=name)


def test_a_new_study_is_written_nowhere_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("../outside", "/tmp/outside", "a/b"):  # noqa: S108 - it must not be written
        assert main(["new-study", name, "--folder", str(tmp_path / "studies")]) == 2
    assert list(tmp_path.rglob("*")) == []
    assert "lower-case letters" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['touch run']",
        "a: !!python/name:os.system",
        "a: &a [*a, *a]\nb: !!python/tuple [1]",
        "a: !include /etc/passwd",
    ],
)
def test_tags_that_would_build_objects_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as refused:
        read_yaml(tmp_path / "study.yaml")
    one_line(refused.value)


def test_aliases_that_multiply_do_not_fill_the_memory(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "study.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DeclarationError, match="its aliases multiply to more than 200,000 values"):
        read_yaml(tmp_path / "study.yaml")


def archive(folder: Path, name: str, content: bytes) -> Path:
    (folder / "customs").mkdir()
    with zipfile.ZipFile(folder / "customs" / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return folder


@pytest.mark.parametrize(
    "name", ["../../escaped.csv", "/escaped.csv", "x/../../../escaped.csv", "x/..", "..\\escaped.csv"]
)
def test_a_member_of_an_archive_chooses_no_place(tmp_path: Path, name: str) -> None:
    (tmp_path / "raw").mkdir()
    folder = archive(tmp_path / "raw", name, b"a,b\n1,2\n")
    try:
        found = check_raw(folder)
        assert found
    except CitypanelError as error:
        one_line(error)
    assert not Path("/escaped.csv").exists()
    assert [path.name for path in tmp_path.rglob("*escaped*")] == []


def test_an_archive_that_unpacks_to_many_times_its_size_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    folder = archive(tmp_path, "customs_2011.csv", bytes(60_000_000))
    try:
        said = " ".join(str(finding) for finding in check_raw(folder))
    except CitypanelError as error:
        said = str(error)
    assert "packs more than 300 to one" in said


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    folder = archive(tmp_path, "customs_2011.csv", bytes(1_000_000))
    path = folder / "customs" / "a.zip"
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10)))
    try:
        said = " ".join(str(finding) for finding in check_raw(folder))
    except CitypanelError as error:
        said = str(error)
    assert "cannot be unpacked" in said or "no text table" in said, said
