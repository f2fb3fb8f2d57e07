import zipfile
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.errors import InputError
from citypanel.intake.accounting import Outputs
from citypanel.intake.check import check_raw
from citypanel.intake.customs import intake_customs
from citypanel.intake.folder import intake_folder
from citypanel.intake.recognise import Recogniser

# The annual files of 2007-11: numbers where codes are meant, the leading zero of the commodity lost.
YEAR_2007 = pd.DataFrame(
    {
        "_进口或出口": [0.0, 0.0, 1.0],
        "_企业编码": [3205940001.0, 3223940002.0, 3205940001.0],
        "_经营单位": ["苏州某公司", "昆山某公司", "苏州某公司"],
        "_税号编码": [1012100.0, 84713000.0, 84713000.0],
        "_起运国或目的国": [502.0, 142.0, 110.0],
        "_金额": [10.5, 20.0, 30.0],
        "_数量": [1.0, 2.0, 3.0],
        "_消费地或生产地": [32059.0, 32239.0, 32059.0],
    }
)
MONTH_2000 = pd.DataFrame(
    {
        "shipment_date": [200001.0],
        "exp_imp": ["0"],
        "party_id": ["3205940001"],
        "company": ["苏州某公司"],
        "hs_id": ["84713000"],
        "country": ["美国"],
        "value": [10.0],
        "quantity": [1.0],
        "shipment": ["一般贸易"],
    }
)


def exports(tmp_path: Path, *files: Path) -> pd.DataFrame:
    out = Outputs.beside(tmp_path / "out" / "exports.parquet")
    intake_customs(files, out, root=tmp_path)
    return read_table(out.table, "exports")


def as_gbk_stata(frame: pd.DataFrame, path: Path) -> Path:
    """Write a Stata 10 file whose text is GBK bytes, as the circulating files are."""
    mangled = frame.map(lambda v: v.encode("gb18030").decode("latin-1") if isinstance(v, str) else v)
    mangled.to_stata(path, version=114, write_index=False)
    return path


def test_an_old_stata_file_is_read_as_gb18030_without_saying_so(tmp_path: Path) -> None:
    path = as_gbk_stata(MONTH_2000, tmp_path / "200001.dta")
    raw = Recogniser().recognise(path)
    assert (raw.layout.name, raw.container, raw.encoding) == ("customs_2000_2001", "dta", "gb18030")
    row = exports(tmp_path, path).iloc[0]
    assert (row["firm_name"], row["destination"], row["regime"]) == ("苏州某公司", "USA", "一般贸易")
    assert (row["year"], row["month"], row["firm"], row["hs8"]) == (2000, 1, "3205940001", "84713000")


def test_numbers_in_stata_and_parquet_become_codes_again(tmp_path: Path) -> None:
    stata, parquet = tmp_path / "tradedata_2007_1.dta", tmp_path / "tradedata_2007_2.parquet"
    YEAR_2007.to_stata(stata, version=118, write_index=False)
    YEAR_2007.to_parquet(parquet)
    for path in (stata, parquet):
        table = exports(tmp_path, path)
        assert table[["firm", "hs8", "destination", "value_usd"]].to_numpy().tolist() == [
            ["3205940001", "01012100", "USA", 10.5]
        ]
        assert table["city_producing"].tolist() == [320500]
        assert table["source_row"].tolist() == [2]


def test_the_parts_of_a_year_are_one_table_whatever_their_container(tmp_path: Path) -> None:
    csv = tmp_path / "tradedata_2007_3.csv"
    other = YEAR_2007.assign(_金额=[99.0, 1.0, 1.0])
    other.to_csv(csv, index=False, encoding="gb18030")
    YEAR_2007.to_parquet(tmp_path / "tradedata_2007_2.parquet")
    table = exports(tmp_path, csv, tmp_path / "tradedata_2007_2.parquet")
    assert table["value_usd"].tolist() == [99.0, 10.5]


def test_members_of_an_archive_are_read_and_named(tmp_path: Path) -> None:
    archive = tmp_path / "customs.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for year in (2007, 2008):
            text = YEAR_2007.assign(_数量=float(year)).to_csv(index=False).encode("gb18030")
            target.writestr(f"data/tradedata_{year}_1.csv", text)
        target.writestr("__MACOSX/._x.csv", b"clutter")
    table = exports(tmp_path, archive)
    assert table[["year", "source_file"]].to_numpy().tolist() == [
        [2007, "customs.zip/data/tradedata_2007_1.csv"],
        [2008, "customs.zip/data/tradedata_2008_1.csv"],
    ]


def test_an_archive_of_several_tables_feeds_each_and_is_checked_by_member(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    with zipfile.ZipFile(raw / "all.zip", "w") as target:
        target.writestr("tradedata_2007_1.csv", YEAR_2007.to_csv(index=False))
        target.writestr("world.csv", "exporter,year,hs6,value\nCHN,2003,10121,5\n")
    assert [item.file for item in check_raw(raw)] == ["all.zip/tradedata_2007_1.csv", "all.zip/world.csv"]
    found = intake_folder(raw, tmp_path / "out")
    assert [(account.table, account.rows) for account in found.accounts] == [("exports", 1), ("world_trade", 1)]


@pytest.mark.parametrize("name", ["a.dta", "a.parquet", "a.zip"])
def test_a_broken_container_is_one_clear_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04 this is nothing")
    with pytest.raises(InputError) as caught:
        exports(tmp_path, path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / "exports.parquet").exists()


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tradedata_2007_2.parquet"
    YEAR_2007.to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated"):
        exports(tmp_path, path)


def test_a_member_cannot_leave_the_folder_it_is_unpacked_to(tmp_path: Path) -> None:
    archive = tmp_path / "c.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("../../tradedata_2007_1.csv", YEAR_2007.to_csv(index=False))
    assert len(exports(tmp_path, archive)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.zip", "out"]
