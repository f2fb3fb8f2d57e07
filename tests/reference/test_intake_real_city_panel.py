"""The yearbook intake on real wide tables: pinyin names, a byte-order mark, blanks in numbers, zero for missing."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.intake.yearbook import intake_yearbook

FILES = ("FDI", "gdp", "unistu", "wage")
# FDI is US$ per registered resident: 214,675 (10k US$) over 1,148.8 (10k persons) is Beijing's 186.87 of 2003.
LABELS = """label,variable,unit,zero_is_missing
FDI,fdi_usd_per_head,美元,1
gdp,gdp_wan,万元,1
unistu,students_per_10k,人,1
wage,wage_yuan,元,1
"""
Shared = Callable[..., Path]


@pytest.fixture(scope="module")
def folder(shared: Shared) -> Path:
    return shared("real", "city_panels", "ucfn_casa0010")


@pytest.fixture(scope="module")
def panel(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "inventor_all_log_stata.csv", encoding="utf-8-sig")


@pytest.fixture(scope="module")
def written(folder: Path, panel: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("ucfn")
    names = pd.read_csv(folder / "gdp.csv", encoding="utf-8-sig")["city"]
    # The wide tables have the order of the panel's cities, which carry codes.
    codes = panel.drop_duplicates("city")["city_code"].to_numpy()
    pd.DataFrame({"name": names, "adcode": codes}).to_csv(work / "key.csv", index=False)
    (work / "labels.csv").write_text(LABELS, encoding="utf-8")
    intake_yearbook(
        [folder / f"{name}.csv" for name in FILES],
        work / "city_year.parquet",
        city_key=work / "key.csv",
        variables=work / "labels.csv",
    )
    return work


@pytest.mark.parametrize(
    ("variable", "zeros"), [("fdi_usd_per_head", 449), ("gdp_wan", 167), ("students_per_10k", 326), ("wage_yuan", 187)]
)
def test_a_zero_that_stands_for_missing_is_missing(written: Path, variable: str, zeros: int) -> None:
    table = read_table(written / "city_year.parquet", "city_year")
    mine = table[table["variable"] == variable]
    assert len(mine) == 297 * 17 - zeros
    assert (mine["value"] > 0).all()


def test_values_are_those_that_the_author_took_logs_of(written: Path, panel: pd.DataFrame) -> None:
    table = read_table(written / "city_year.parquet", "city_year")
    gdp = table[table["variable"] == "gdp_wan"].merge(
        panel, left_on=["adcode", "year"], right_on=["city_code", "year"], validate="one_to_one"
    )
    assert len(gdp) == 297 * 17 - 167
    difference = ((10 ** gdp["gdp_log"] - 1) / gdp["value"] - 1).abs()
    # The author took log10(1 + x) and printed nine decimals: an error of up to 5e-10 ln(10) = 1.2e-9, relative.
    assert difference.max() < 2e-9


def test_ambiguous_pinyin_is_refused_without_a_key(folder: Path, written: Path, tmp_path: Path) -> None:
    intake_yearbook([folder / "gdp.csv"], tmp_path / "t.parquet", variables=written / "labels.csv")
    rejects = read_table(tmp_path / "t.rejects.parquet", "rejects")
    names = rejects["text"].str.split(",").str[0].tolist()
    doubled = ["Fuzhou", "Fuzhou2", "Suzhou", "Suzhou2", "Taizhou", "Taizhou2", "Yichun", "Yichun2", "Yulin", "Yulin2"]
    assert sorted(names) == doubled


def test_names_that_are_not_ambiguous_resolve_to_the_authors_codes(written: Path, folder: Path, tmp_path: Path) -> None:
    key = pd.read_csv(written / "key.csv")
    intake_yearbook([folder / "gdp.csv"], tmp_path / "t.parquet", variables=written / "labels.csv")
    table = read_table(tmp_path / "t.parquet", "city_year")
    unique = key[~key["name"].str.contains("Fuzhou|Suzhou|Taizhou|Yichun|Yulin")]
    assert set(table["adcode"]) <= set(unique["adcode"])
    assert len(unique) == 287
