"""Whatever stands in a file: every row is accounted for, or the file is refused in one line."""

import contextlib
import csv
import io
import shutil
from pathlib import Path

import pytest
from cases import JUNK_TEXTS, cases, one_line, texts
from hypothesis import given
from hypothesis import strategies as st

from citypanel.cli import main
from citypanel.errors import CitypanelError
from citypanel.estimate.spatial_weights import read_weights
from citypanel.intake.accounting import Outputs
from citypanel.intake.check import check_raw
from citypanel.intake.kinds import KINDS
from citypanel.intake.layouts import read_layouts
from citypanel.intake.table import intake_table
from citypanel.ledger.printed import read_cells
from citypanel.registers import Registers

PROJECT = Path(__file__).resolve().parents[2]
LAYOUTS = read_layouts(Registers())
# What the cells of raw files hold, right and wrong.
PLAUSIBLE = (
    "2011", "201107", "20110715", "出口", "进口", "0", "1", "3205940123", "昆山某某有限公司", "85171210", "1012100",
    "502", "美国", "1,234.5", "100", " NA", "一般贸易", "国有企业", "32059", "千克", "35", "CN201110123456.7",
    "2011-05-06", "发明申请", "A61K 31/00", "清华大学; 某某科技有限公司", "北京市海淀区清华园1号", "苏州市", "320500",
    "苏州", "地区生产总值", "全市", "万元", "USA", "850000",
)  # fmt: skip
raw_cells = st.one_of(st.sampled_from(PLAUSIBLE), st.sampled_from(PLAUSIBLE), texts)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "gb18030"])


@pytest.fixture(scope="module", autouse=True)
def room(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hypothesis takes no fixture of a function: one folder serves all cases."""
    ROOM["path"] = tmp_path_factory.mktemp("fuzz")


ROOM: dict[str, Path] = {}


def fresh_folder() -> Path:
    folder = ROOM["path"] / "case"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def encoded(rows: list[list[str]], encoding: str, separator: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding, errors="replace")


def accounted(table: str, file: Path, rows: int | None) -> None:
    """Read one raw file; what was read was kept, rejected or merged, and the table is whole or not there at all."""
    out = Outputs.beside(file.parent / "out" / f"{table}.parquet")
    try:
        account = intake_table(table, [file], out, file.parent)
    except CitypanelError as error:
        one_line(error)
        assert not out.table.exists()
        return
    (line,) = account.files.to_dict(orient="records")
    assert line["rows_read"] == line["rows_kept"] + line["rows_rejected"] + line["rows_merged"]
    assert rows is None or line["rows_read"] <= rows
    assert out.table.exists()


def headed(layout_index: int, rows: list[list[str]], drop: int) -> tuple[str, list[list[str]]]:
    """Return a table whose headers are those of a layout, one of them perhaps missing."""
    layout = LAYOUTS[layout_index % len(LAYOUTS)]
    headers = [aliases[0] for role, aliases in layout.roles.items() if aliases and not role.startswith("@")]
    if drop < len(headers):
        headers.pop(drop)
    body = [[row[i % len(row)] if row else "" for i in range(len(headers))] for row in rows]
    return layout.table, [headers, *body]


tables = st.lists(st.lists(raw_cells, min_size=1, max_size=40), max_size=6)


@cases("customs")
@given(st.integers(0, 60), tables, st.integers(0, 40), encodings, st.booleans())
def test_customs_records(index: int, rows: list[list[str]], drop: int, encoding: str, trailing: bool) -> None:
    customs = [number for number, layout in enumerate(LAYOUTS) if layout.table == "exports"]
    table, lines = headed(customs[index % len(customs)], rows, drop)
    lines = [[*line, ""] for line in lines] if trailing else lines
    file = fresh_folder() / "customs_2011.csv"
    file.write_bytes(encoded(lines, encoding))
    # A line break of either kind inside a cell may count as the end of a line: more lines are read, and refused.
    broken = any(mark in cell for line in lines for cell in line for mark in "\r\n")
    accounted(table, file, None if broken else len(rows))


@cases("other_raw")
@given(st.integers(0, 60), tables, st.integers(0, 60), encodings)
def test_patents_yearbooks_and_world_trade(index: int, rows: list[list[str]], drop: int, encoding: str) -> None:
    others = [number for number, layout in enumerate(LAYOUTS) if layout.table in KINDS and layout.table != "exports"]
    table, lines = headed(others[index % len(others)], rows, drop)
    file = fresh_folder() / "raw_2011.csv"
    file.write_bytes(encoded(lines, encoding))
    accounted(table, file, None)


@cases("raw_bytes")
@given(st.binary(max_size=400), st.sampled_from(["csv", "dta", "xlsx", "parquet", "zip", "mdb", "txt"]), st.booleans())
def test_bytes_that_are_no_table(content: bytes, suffix: str, headed_right: bool) -> None:
    folder = fresh_folder() / "customs"
    folder.mkdir()
    start = "日期,进口或出口,企业编码,税号编码,起运国或目的国,金额,数量\n".encode("gb18030") if headed_right else b""
    (folder / f"file_2011.{suffix}").write_bytes(start + content)
    try:
        for finding in check_raw(folder.parent):
            assert str(finding).strip()
    except CitypanelError as error:
        one_line(error)


HEADER = "study,table,column,row,statistic,value,stars\n"
PRINTED = (PROJECT / "studies" / "yrd_cooperation" / "published" / "table4.csv").read_text(encoding="utf-8")


@cases("printed")
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 30), texts), min_size=1, max_size=5))
def test_printed_tables(edits: list[tuple[int, int, str]]) -> None:
    text = PRINTED[:1_500]
    for start, length, put in edits:
        at = start % len(text)
        text = text[:at] + put + text[at + length :]
    file = ROOM["path"] / "table4.csv"
    file.write_bytes(text.encode("utf-8", errors="replace"))
    try:
        cells, findings = read_cells(file)
        assert isinstance(cells, tuple)
        assert isinstance(findings, list)
    except CitypanelError as error:
        one_line(error)


@cases("weights")
@given(
    st.lists(
        st.lists(st.one_of(st.sampled_from(["0", "1", "0.5", "i", "j", "w", "a", "b", ""]), texts), max_size=5),
        max_size=6,
    ),
    st.sampled_from([",", ";", "\t", " "]),
)
def test_weights(rows: list[list[str]], separator: str) -> None:
    file = ROOM["path"] / "w.csv"
    file.write_bytes(encoded(rows, "utf-8", separator))
    try:
        found = read_weights(file)
        assert found.matrix.shape[0] == found.matrix.shape[1]
    except CitypanelError as error:
        one_line(error)


WORDS = (
    "estimate", "indicator", "quality", "cooperation", "check-raw", "intake", "audit", "why", "new-study",
    "DATA", "nothing.csv", "--method", "linear", "did", "gmm", "spatial", "quantile", "psm_did", "moran",
    "--formula", "y ~ x", "y ~ x | city + year", "y ~ L1.y + x", "y", "--unit", "city", "--time", "year",
    "--vcov", "cluster:city", "hac:2", "conley:1:a:b", "--where", "x > 0", "--option", "w=DATA", "draws=3",
    "cohort=x", "--seed", "1", "--json", "-", "--table", "--help", "--weights-col", "x", "--out",
)  # fmt: skip


@cases("commands")
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), st.sampled_from(JUNK_TEXTS)), max_size=14))
def test_command_lines(arguments: list[str]) -> None:
    folder = fresh_folder()
    data = folder / "data.csv"
    rows = [
        [f"c{city}", str(year), str(city * year % 7), str((city + year) % 5)] for city in range(6) for year in range(5)
    ]
    data.write_bytes(encoded([["city", "year", "y", "x"], *rows], "utf-8"))
    said, told = io.StringIO(), io.StringIO()
    given_words = [word.replace("DATA", str(data)) for word in arguments]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told), contextlib.chdir(folder):
        try:
            code = main(given_words)
        except SystemExit as stop:
            code = int(stop.code or 0)
    assert code in (0, 2), (given_words, told.getvalue())
    assert "Traceback" not in told.getvalue()
    assert code == 0 or told.getvalue().count("\n") == 1, (given_words, told.getvalue())
