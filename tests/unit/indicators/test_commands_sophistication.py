"""`citypanel indicator sophistication` on plain tables."""

from pathlib import Path

import pandas as pd
import pytest

from citypanel.errors import InputError
from citypanel.indicators.commands import run_sophistication

TRADE = "exporter,product,value\nCHN,01,1\nCHN,85,3\nDEU,01,10\nDEU,85,10\nPRK,01,9\n"
INCOME = "exporter,income\nCHN,10\nDEU,40\nPRK,\n"


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    return put(tmp_path / "trade.csv", TRADE), put(tmp_path / "income.csv", INCOME)


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_it_writes_both_files_with_text_codes(tables: tuple[Path, Path], tmp_path: Path) -> None:
    written = run_sophistication(*tables, tmp_path / "w")
    assert [path.name for path in written] == ["w.prody.csv", "w.expy.csv"]
    assert written[0].read_text() == "product,prody\n01,30.0\n85,22.0\n"
    assert pd.read_csv(written[1]).to_numpy().tolist() == [
        ["CHN", pytest.approx(24.0), 1.0],
        ["DEU", pytest.approx(26.0), 1.0],
        ["PRK", pytest.approx(30.0), 1.0],
    ]


def test_years_make_prody_yearly_unless_it_is_fixed(tmp_path: Path) -> None:
    trade = put(
        tmp_path / "t.csv",
        "exporter,product,year,value\nCHN,01,2001,1\nCHN,85,2001,3\nDEU,01,2002,10\nDEU,85,2002,10\n",
    )
    income = put(tmp_path / "i.csv", "exporter,income\nCHN,10\nDEU,40\n")
    yearly = pd.read_csv(run_sophistication(trade, income, tmp_path / "y")[0])
    assert yearly.columns.tolist() == ["product", "year", "prody"]
    assert yearly["prody"].tolist() == [10.0, 40.0, 10.0, 40.0]
    fixed = run_sophistication(trade, income, tmp_path / "f", prody="fixed")
    assert pd.read_csv(fixed[0])["prody"].tolist() == [30.0, 22.0]
    assert pd.read_csv(fixed[1])["year"].tolist() == [2001, 2002]


def test_places_are_valued_with_the_world(tables: tuple[Path, Path], tmp_path: Path) -> None:
    places = put(tmp_path / "p.csv", "place,product,year,value\n苏州,01,2001,1\n苏州,85,2001,1\n杭州,07,2001,1\n")
    found = pd.read_csv(run_sophistication(*tables, tmp_path / "o", places=places)[1])
    assert found.columns.tolist() == ["place", "year", "expy", "coverage"]
    assert found["place"].tolist() == ["杭州", "苏州"]
    assert found["expy"].tolist() == [pytest.approx(float("nan"), nan_ok=True), 26.0]
    with pytest.raises(InputError, match="products 07 are exported in 2001"):
        run_sophistication(*tables, tmp_path / "r", places=places, refuse_missing=True)
    assert not (tmp_path / "r.prody.csv").exists()


def test_each_exporter_leaves_itself_out(tables: tuple[Path, Path], tmp_path: Path) -> None:
    found = pd.read_csv(run_sophistication(*tables, tmp_path / "o", leave_own_out=True)[1])
    assert found["expy"].tolist() == [40.0, 10.0, 30.0]


def test_parquet_and_csv_give_the_same_bytes(tables: tuple[Path, Path], tmp_path: Path) -> None:
    as_parquet = []
    for path in tables:
        frame = pd.read_csv(path, dtype={"product": str})
        frame.to_parquet(path.with_suffix(".parquet"))
        as_parquet.append(path.with_suffix(".parquet"))
    one = run_sophistication(*tables, tmp_path / "one")
    two = run_sophistication(as_parquet[0], as_parquet[1], tmp_path / "two")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


@pytest.mark.parametrize(
    ("trade", "message"),
    [
        ("exporter,value\nCHN,1\n", "column 'product' is missing; found: exporter, value"),
        ("exporter,product,value\nCHN,01,x1\n", "column 'value', row 2: found 'x1'; allowed: a number"),
        ("exporter,product,value\nCHN,01,1\nCHN,,1\n", "column 'product', row 3: found ''; allowed: a text"),
        ("exporter,product,value\nCHN,01,-5\n", "column 'value', row 2: found -5; allowed: 0 or more"),
        ("exporter,product,value\n,01,5\n", "column 'exporter', row 2: found an empty cell"),
        ("exporter,product,value\nCHN,01,\n", "row 2: found ''; allowed: a number"),
        ("exporter,product,value,year\nCHN,01,1,20x\n", "column 'year', row 2: found '20x'"),
        ("exporter,product,value\nFRA,01,5\n", "no exporter of .* has an income; its exporters are FRA"),
        ("", "cannot be read: Empty CSV file"),
        ("exporter,product,value\n", "found a header without rows; allowed: at least one row"),
        ("exporter,product,value\nCHN,01,0\n", "column 'value': found no value above 0"),
        ("exporter,product,value\nCHN,01\n", "cannot be read: .* Expected 3 columns, got 2"),
        ("exporter,product,value,value\nCHN,01,1,1\n", "found two columns of one name"),
        ("country,reporter,product,value\nA,A,01,1\n", "'exporter' may be country or reporter; name one of them"),
    ],
)
def test_a_wrong_trade_table_is_one_line_with_its_place(trade: str, message: str, tmp_path: Path) -> None:
    paths = put(tmp_path / "trade.csv", trade), put(tmp_path / "income.csv", INCOME)
    with pytest.raises(InputError, match=message) as caught:
        run_sophistication(*paths, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("out*"))


def test_product_codes_stored_as_numbers_are_refused(tables: tuple[Path, Path], tmp_path: Path) -> None:
    pd.DataFrame({"exporter": ["CHN"], "product": [1], "value": [2.0]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="allowed: text, because a number has lost leading zeros"):
        run_sophistication(tmp_path / "t.parquet", tables[1], tmp_path / "out")


def test_two_incomes_of_one_economy_are_refused(tables: tuple[Path, Path], tmp_path: Path) -> None:
    income = put(tmp_path / "two.csv", INCOME + "CHN,11\n")
    with pytest.raises(InputError, match="found exporter=CHN twice"):
        run_sophistication(tables[0], income, tmp_path / "out")
