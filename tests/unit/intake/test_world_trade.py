"""World trade from BACI with incomes beside it, and as flows for export quality."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.cli import main
from citypanel.errors import InputError
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.check import check_raw
from citypanel.intake.folder import intake_folder
from citypanel.intake.world_trade import intake_world_trade

# BACI: thousand US$ and tonnes, missing tonnes as blanks and NA, product codes with their leading zeros or without.
ROWS_2001 = [
    "2001,156,842,850110,12.345,1.5", "2001,156,276,850110,7.655,         NA", "2001,156,490,10121,1,2",
    "2001,276,156,850110,100,3", "2001,999,156,850110,5,1", "2001,276,842,850110,1,x",
]  # fmt: skip
ROWS_2002 = ["2002,156,842,850110,20,2", "2002,276,842,850110,30,4"]
COUNTRIES = (
    "country_code,country_name,country_iso2,country_iso3\n156,China,CN,CHN\n276,Germany,DE,DEU\n842,USA,US,USA\n"
    '490,"Other Asia, nes",,S19\n'
)
INCOMES = "exporter,year,gdp_per_head\nCHN,2001,1053\nDEU,2001,23600\nchina,2002,1149\n"


def baci(folder: Path, year: int, rows: list[str], name: str = "HS96") -> Path:
    path = folder / f"BACI_{name}_Y{year}_V202401.csv"
    path.write_text("t,i,j,k,v,q\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    countries, incomes = tmp_path / "country_codes_V202401.csv", tmp_path / "incomes.csv"
    countries.write_text(COUNTRIES, encoding="utf-8")
    incomes.write_text(INCOMES, encoding="utf-8")
    return [baci(tmp_path, 2001, ROWS_2001), baci(tmp_path, 2002, ROWS_2002), countries, incomes]


def run(tmp_path: Path, files: list[Path]) -> tuple[pd.DataFrame, pd.DataFrame, Account]:
    out = Outputs.beside(tmp_path / "out" / "world_trade.parquet")
    account = intake_world_trade(files, out, root=tmp_path)
    for row in account.files.to_dict(orient="records"):
        assert row["rows_read"] == row["rows_kept"] + row["rows_rejected"] + row["rows_merged"], row
    return read_table(out.table, "world_trade"), read_table(out.rejects, "rejects"), account


def test_importers_are_summed_in_dollars_and_incomes_joined(tmp_path: Path, files: list[Path]) -> None:
    table, rejects, account = run(tmp_path, files)
    assert table[["exporter", "hs", "year", "value"]].to_numpy().tolist() == [
        ["CHN", "010121", 2001, 1000.0],
        ["CHN", "850110", 2001, 20_000.0],
        ["CHN", "850110", 2002, 20_000.0],
        ["DEU", "850110", 2001, 100_000.0],
        ["DEU", "850110", 2002, 30_000.0],
    ]
    assert table["gdp_per_head"].fillna(0).tolist() == [1053, 1053, 1149, 23600, 0]
    assert rejects[["source_row", "reason"]].to_numpy().tolist() == [
        [6, "exporter not in registers/countries.csv"],
        [7, "quantity is negative or no number"],
    ]
    first = account.files.iloc[0]
    assert (first["rows_read"], first["rows_kept"], first["rows_merged"]) == (6, 3, 1)
    steps = account.attrition.set_index("reason")
    assert steps.loc["the importers of an exporter, product and year are summed", "rows_after"] == len(table)
    assert steps.loc["no income in the tables beside", "changed"] == 1


def test_blocks_of_any_size_give_the_same_sums(
    tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _, _ = run(tmp_path, files)
    monkeypatch.setattr("citypanel.intake.text_blocks.BLOCK", 40)
    pd.testing.assert_frame_equal(run(tmp_path, files)[0], whole)


def test_an_archive_brings_its_own_tables_of_codes(tmp_path: Path, files: list[Path]) -> None:
    archive = tmp_path / "raw" / "BACI_HS96_V202401.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as target:
        for path in files[:3]:
            target.write(path, path.name)
        target.writestr("product_codes_HS96_V202401.csv", "code,description\n010121,horses\n")
        target.writestr("Readme.txt", "BACI")
    found = {item.file.rsplit("/", 1)[-1]: item for item in check_raw(archive.parent)}
    assert {name: item.layout for name, item in found.items()} == {
        "BACI_HS96_Y2001_V202401.csv": "baci",
        "BACI_HS96_Y2002_V202401.csv": "baci",
        "country_codes_V202401.csv": "countries_baci",
        "product_codes_HS96_V202401.csv": "product_table",
    }
    assert found["BACI_HS96_Y2001_V202401.csv"].years == "2001"
    done = intake_folder(archive.parent, tmp_path / "out")
    assert [(account.table, account.rows) for account in done.accounts] == [("world_trade", 5)]


def test_two_revisions_of_one_year_are_not_added_up(tmp_path: Path, files: list[Path]) -> None:
    other = baci(tmp_path, 2001, ROWS_2001[:2], name="HS92")
    with pytest.raises(InputError, match=r"BACI_HS96_Y2001.* and BACI_HS92_Y2001.* both hold 2001; give one revision"):
        run(tmp_path, [*files, other])
    assert not (tmp_path / "out" / "world_trade.parquet").exists()


def test_the_same_file_twice_counts_once(tmp_path: Path, files: list[Path]) -> None:
    whole, _, _ = run(tmp_path, files)
    copy = tmp_path / "copy_2001.csv"
    copy.write_bytes(files[0].read_bytes())
    table, _, account = run(tmp_path, [*files, copy])
    pd.testing.assert_frame_equal(table, whole)
    assert account.files.set_index("source_file").loc["copy_2001.csv", "rows_merged"] == 6


def test_without_a_table_of_countries_numbers_are_not_guessed(tmp_path: Path, files: list[Path]) -> None:
    with pytest.raises(InputError, match=r"BACI_HS96_Y2001.*country table beside it.*country_iso3"):
        run(tmp_path, files[:1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (INCOMES + "CHN,2001,7\n", r"two incomes of CHN in 2001"),
        ("exporter,year,gdp_per_head\nCHN,old,7\n", r"column 'year': found 'old'"),
        (INCOMES + "DEU,2001\n", r"incomes\.csv, row 5: 2 fields where the headers have 3"),
    ],
)
def test_a_faulty_table_of_incomes_is_one_clear_line(tmp_path: Path, files: list[Path], text: str, said: str) -> None:
    files[3].write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        run(tmp_path, files)


@pytest.mark.parametrize("indicator", ["NY.GDP.PCAP.CD", "NY.GDP.MKTP.CD"])
def test_the_wide_table_of_the_world_bank_is_read_if_it_is_per_head(
    tmp_path: Path, files: list[Path], indicator: str
) -> None:
    head = '"Data Source","World Development Indicators",\n\n"Last Updated Date","2024-01-01",\n\n'
    names = '"Country Name","Country Code","Indicator Name","Indicator Code","2001","2002",\n'
    files[3].write_text(
        f'{head}{names}"China","CHN","GDP","{indicator}","1053","1149",\n"Germany","DEU","GDP","{indicator}","23600","",\n',
        encoding="utf-8-sig",
    )
    if "PCAP" not in indicator:
        with pytest.raises(InputError, match=r"found indicator 'NY\.GDP\.MKTP\.CD'; allowed: NY\.GDP\.PCAP"):
            run(tmp_path, files)
        return
    table, _, _ = run(tmp_path, files)
    assert table["gdp_per_head"].fillna(0).tolist() == [1053, 1053, 1149, 23600, 0]


def test_the_flows_are_what_the_quality_command_reads(tmp_path: Path, files: list[Path]) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for path in files:
        path.rename(raw / path.name)
    out = tmp_path / "out"
    assert main(["intake", str(raw), "--out", str(out), "--flows"]) == 0
    flows = pd.read_parquet(out / "world_trade.flows.parquet")
    # The partner whose ISO code is no country is known by its name.
    assert list(flows) == ["firm_or_place", "product", "destination", "year", "value", "quantity"]
    assert flows.fillna(-1).to_numpy().tolist() == [
        ["CHN", "850110", "USA", 2001, 12_345.0, 1.5], ["CHN", "850110", "DEU", 2001, 7_655.0, -1.0],
        ["CHN", "010121", "TWN", 2001, 1000.0, 2.0], ["DEU", "850110", "CHN", 2001, 100_000.0, 3.0],
        ["CHN", "850110", "USA", 2002, 20_000.0, 2.0], ["DEU", "850110", "USA", 2002, 30_000.0, 4.0],
    ]  # fmt: skip
    command = ["indicator", "quality", "--flows", str(out / "world_trade.flows.parquet"), "--sigma", "5"]
    assert main([*command, "--out", str(tmp_path / "q")]) == 0
    attrition = pd.read_csv(tmp_path / "q.attrition.csv").set_index("reason")["rows"]
    assert attrition["read"] == 6
