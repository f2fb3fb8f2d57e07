"""Canonical exports added up to what an indicator needs, out of core."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd

from citypanel.errors import InputError

if TYPE_CHECKING:
    import duckdb

PLACES = {"producing": "city_producing", "registered": "city_registered"}
DIGITS = {"hs2": 2, "hs4": 4, "hs6": 6, "hs8": 8}
# Sums of doubles depend on the order in which threads meet the rows. Decimals add up exactly, so the bytes of
# an indicator do not depend on the number of threads; a millionth of a dollar is below any customs record.
EXACT = "decimal(38, 6)"


@contextmanager
def database(memory: str = "1GB") -> Iterator["duckdb.DuckDBPyConnection"]:
    """Open an in-memory DuckDB that spills to disk; its errors become one clear line."""
    import duckdb  # noqa: PLC0415  (a heavy library: only jobs that aggregate raw rows pay for it)

    with TemporaryDirectory(prefix="citypanel_") as spill:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "preserve_insertion_order": "false",
            "temp_directory": spill,
        }
        connection = duckdb.connect(config=settings)
        connection.execute("set enable_progress_bar = false")
        try:
            yield connection
        except duckdb.Error as fault:
            raise InputError(str(fault).splitlines()[0]) from None
        finally:
            connection.close()


def parquet(path: Path) -> str:
    """Return the SQL that scans a Parquet file; the file must exist."""
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist; a Parquet file is expected")
    return "read_parquet('" + str(path).replace("'", "''") + "')"


def city_exports(exports: Path, place: str, level: str) -> pd.DataFrame:
    """Add canonical exports up by city, year and product.

    Parameters
    ----------
    exports : Path
        Canonical `exports` (Parquet).
    place : {"producing", "registered"}
        Which of the two cities of a row.
    level : {"hs2", "hs4", "hs6", "hs8"}
        Leading digits of the product code.

    Returns
    -------
    DataFrame
        `adcode` (Int32, missing where the city is unmapped), `year`, `product` (text), `value` (US$), `rows`
        (rows of `exports` behind it), in this order of keys.
    """
    query = f"""
        select {PLACES[place]} as adcode, year, substr(hs8, 1, {DIGITS[level]}) as product,
               cast(sum(cast(value_usd as {EXACT})) as double) as value, count(*) as rows
        from {parquet(exports)}
        group by all
        order by adcode nulls last, year, product
    """  # noqa: S608  (column and digits come from the tables above, the path is quoted)
    with database() as connection:
        found = connection.sql(query).to_arrow_table()
    frame: pd.DataFrame = found.to_pandas()
    frame["adcode"] = pd.array(found["adcode"].to_pandas(), dtype="Int32")
    return frame.astype({"year": "int64", "rows": "int64", "product": "str"})


def world_trade(path: Path, level: str) -> pd.DataFrame:
    """Add canonical `world_trade` up to exporter, product, year; income is the exporter's GDP per head.

    Returns
    -------
    DataFrame
        `exporter`, `product`, `year`, `value` (US$), `income` (US$ per head, nan where unknown).

    Raises
    ------
    InputError
        An exporter has two incomes in one year.
    """
    query = f"""
        select exporter, substr(hs, 1, {DIGITS[level]}) as product, year,
               cast(sum(cast(value as {EXACT})) as double) as value,
               min(gdp_per_head) as income, max(gdp_per_head) as highest
        from {parquet(path)}
        group by all
        order by exporter, year, product
    """  # noqa: S608  (digits come from the table above, the path is quoted)
    with database() as connection:
        frame: pd.DataFrame = connection.sql(query).to_df()
    incomes = frame.groupby(["exporter", "year"])[["income", "highest"]].agg({"income": "min", "highest": "max"})
    two = incomes[incomes["income"] != incomes["highest"]].dropna()
    if len(two):
        exporter, year = two.index[0]
        raise InputError(f"{path}, column 'gdp_per_head': found two incomes of {exporter} in {year}; allowed: one")
    # A product row without income still belongs to an economy whose income other rows give.
    frame["income"] = frame.groupby(["exporter", "year"])["income"].transform("min")
    columns = ["exporter", "product", "year", "value", "income"]
    return frame[columns].astype({"exporter": "str", "product": "str", "year": "int64"})
