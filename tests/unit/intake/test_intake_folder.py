import hashlib
from pathlib import Path

import pytest

from citypanel.canonical import read_origin, read_table
from citypanel.errors import InputError
from citypanel.intake.accounting import Outputs
from citypanel.intake.check import check_raw
from citypanel.intake.folder import intake_folder
from citypanel.intake.world_trade import intake_world_trade

CUSTOMS = "日期,进口或出口,税号编码,金额,数量,企业编码,经营单位,消费地或生产地,起运国或目的国\n"
TRADE = "exporter,year,hs6,value,gdp_per_head\n"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    (folder / "anywhere").mkdir(parents=True)
    row = "200301,出口,1012100,10,1,3205940001,苏州某公司,32059,美国\n"
    (folder / "anywhere" / "c1.csv").write_bytes((CUSTOMS + row + row.replace("美国", "中国")).encode("gb18030"))
    (folder / "anywhere" / "c2.csv").write_bytes((CUSTOMS + row + row.replace("美国", "中国")).encode("gb18030"))
    (folder / "trade.csv").write_text(TRADE + "CHN,2003,10121,5,1000\n", encoding="utf-8")
    (folder / "gdp.csv").write_text("city,2003,2004\nNantong,4,5\n", encoding="utf-8")
    (folder / "labels.csv").write_text("label,variable,unit\ngdp,gdp_wan,万元\n", encoding="utf-8")
    (folder / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "empty.csv").write_text("", encoding="utf-8")
    (folder / "notes.md").write_text("notes", encoding="utf-8")
    return folder


def test_check_raw_tells_of_every_file_what_it_is_and_what_is_wrong_and_changes_nothing(raw: Path) -> None:
    before = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(raw.rglob("*")) if p.is_file()}
    found = {item.file: item for item in check_raw(raw)}
    after = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(raw.rglob("*")) if p.is_file()}
    assert before == after
    assert {name: item.state for name, item in found.items()} == {
        "anywhere/c1.csv": "problems",
        "anywhere/c2.csv": "problems",
        "empty.csv": "unknown",
        "gdp.csv": "ok",
        "labels.csv": "ok",
        "notes.md": "ignored",
        "odd.csv": "unknown",
        "trade.csv": "ok",
    }
    customs = found["anywhere/c1.csv"]
    assert (customs.layout, customs.table, customs.encoding, customs.rows) == (
        "customs_2003_2004",
        "exports",
        "gb18030",
        2,
    )
    assert "苏州某公司" in "\n".join(customs.lines())
    assert any("a re-import" in problem for problem in customs.problems)
    assert found["anywhere/c2.csv"].problems[0] == "the same bytes as anywhere/c1.csv: counted once"
    assert "no known layout has the headers a, b" in found["odd.csv"].problems[0]
    assert "is empty" in found["empty.csv"].problems[0]


def test_a_folder_becomes_canonical_tables_and_what_was_left_out_is_named(raw: Path, tmp_path: Path) -> None:
    (raw / "SIMULATED.txt").write_text("simulated", encoding="utf-8")
    out = tmp_path / "out"
    result = intake_folder(raw, out)
    assert [(account.table, account.rows) for account in result.accounts] == [
        ("exports", 1),
        ("city_year", 2),
        ("world_trade", 1),
    ]
    assert [name for name, _ in result.left_out] == ["empty.csv", "odd.csv"]
    assert read_table(out / "world_trade.parquet", "world_trade")["hs"].tolist() == ["010121"]
    assert read_origin(out / "exports.parquet").simulated
    assert len(read_table(out / "exports.rejects.parquet", "rejects")) == 1
    # The second file has the same bytes as the first: its rows are counted, and none is kept or refused again.
    files = result.accounts[0].files.set_index("source_file")[
        ["rows_read", "rows_kept", "rows_rejected", "rows_merged"]
    ]
    assert files.to_numpy().tolist() == [[2, 1, 1, 0], [2, 0, 0, 2]]


def test_a_folder_that_gives_nothing_is_one_clear_line(tmp_path: Path, raw: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        check_raw(tmp_path / "absent")
    (tmp_path / "bare").mkdir()
    with pytest.raises(InputError, match="holds no file"):
        intake_folder(tmp_path / "bare", tmp_path / "out")
    with pytest.raises(InputError, match="inside the raw folder"):
        intake_folder(raw, raw / "out")
    (tmp_path / "bare" / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no file is recognised.*odd\.csv"):
        intake_folder(tmp_path / "bare", tmp_path / "out")


def test_world_trade_rows_are_checked_and_each_key_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    good = "CHN,2003,10121,5,1000\nDEU,2003,010121,0,\n"
    faults = "WLD,2003,010121,1,1\nCHN,2003,01012,1,1\nCHN,x,010121,1,1\nCHN,2003,010129,-1,1\n"
    more = "CHN,2003,010130,1,rich\nCHN,2003,010121,6,1000\n156,2003,010121,6,1000\n"
    path.write_text(TRADE + good + faults + more, encoding="utf-8")
    out = Outputs.beside(tmp_path / "out" / "world_trade.parquet")
    account = intake_world_trade([path], out, root=tmp_path)
    table = read_table(out.table, "world_trade")
    assert table[["exporter", "hs", "value"]].to_numpy().tolist() == [["CHN", "010121", 5.0], ["DEU", "010121", 0.0]]
    assert table["gdp_per_head"].isna().tolist() == [False, True]
    rejects = read_table(out.rejects, "rejects")
    assert sorted(rejects["source_row"]) == [4, 5, 6, 7, 8, 9, 10]
    files = account.files.iloc[0]
    assert (files["rows_read"], files["rows_kept"], files["rows_rejected"]) == (9, 2, 7)
