"""The same steps in pandas, as a careful user would write them: raw customs files to city-year quality.

Same order, same counts and rejects at each step, same files written, same estimator; the whole table in memory.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from citypanel.registers import Registers

COLUMNS = {
    "日期": "date", "进口或出口": "flag", "税号编码": "hs8", "金额": "value", "数量": "quantity", "数量单位": "unit",
    "企业编码": "firm", "经营单位": "name", "消费地或生产地": "area", "起运国或目的国": "country", "贸易方式": "regime",
    "企业性质": "ownership",
}  # fmt: skip
SIGMA = 5.0
STEADY = 1e-10  # largest change of a sweep, in logs
MAX_SWEEPS = 2_000


class Counted:
    """Rows, firms, products, destinations, cities and US$ after each step, and the rows that left."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []
        self.rejects: list[pd.DataFrame] = []

    def keep(self, step: str, frame: pd.DataFrame, kept: pd.Series) -> pd.DataFrame:
        """Count a step, put what it drops among the rejects and return the rest."""
        self.rejects.append(frame[~kept].assign(reason=step))
        return self.tell(step, frame[kept])

    def tell(self, step: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Count a step and return its rows."""
        names = [name for name in ("firm", "hs6", "destination", "city") if name in frame]
        counts = {name: frame[name].nunique() for name in names}
        self.lines.append({"step": step, "rows": len(frame), **counts, "value": frame["value"].sum()})
        return frame


def read(files: list[Path]) -> pd.DataFrame:
    """Read all files as text and make the numbers numbers."""
    parts = [pd.read_csv(file, encoding="gb18030", dtype="str", keep_default_na=False) for file in files]
    frame = pd.concat(parts, ignore_index=True).rename(columns=COLUMNS)
    for name in ("value", "quantity"):
        frame[name] = pd.to_numeric(frame[name].str.replace(",", "").str.strip(), errors="coerce")
    return frame


def flows(frame: pd.DataFrame, counted: Counted, out: Path) -> pd.DataFrame:
    """Clean and add up to flows."""
    registers = Registers()
    frame["year"] = frame["date"].str[:4].astype(int)
    frame["hs8"] = frame["hs8"].str.strip().str.zfill(8)
    frame["hs6"] = frame["hs8"].str[:6]
    countries = registers.countries()
    known = countries[countries["kind"] == "country"]
    alpha = {n: row.alpha3 for row in known.itertuples() for n in (row.name_zh, *row.aliases.split("|")) if n}
    frame["destination"] = frame["country"].map(alpha)
    areas = registers.customs_areas()
    prefectures = areas[areas["area"].str.len() == 4].drop_duplicates("area", keep="last").set_index("area")["adcode"]
    frame["city"] = frame["area"].str[:4].map(prefectures)
    # Chaohu was divided: from 2011 on the digits of an area do not tell in which of its successors it lies.
    ended = registers.cities().dropna(subset="valid_to").set_index("adcode")["valid_to"]
    frame["city"] = frame["city"].mask(frame["year"] > frame["city"].map(ended).fillna(9999))
    frame = counted.keep("exports", frame, frame["flag"] == "出口")
    raw = ["date", "hs8", "value", "quantity", "unit", "firm", "name", "area", "country", "regime", "ownership"]
    frame = counted.keep("duplicates", frame, ~frame.duplicated(raw))
    frame = counted.keep("keys", frame, (frame["firm"] != "") & (frame["hs8"] != "") & (frame["country"] != ""))
    frame = counted.keep("hs8", frame, frame["hs8"].str.fullmatch(r"\d{8}"))
    frame = counted.keep("value", frame, frame["value"] > 0)
    frame = counted.keep("quantity", frame, frame["quantity"] > 0)
    frame = counted.keep("destination", frame, frame["destination"].notna())
    frame.to_parquet(out / "exports_pandas.parquet", compression="zstd")
    pd.concat(counted.rejects).to_parquet(out / "rejects_pandas.parquet", compression="zstd")
    frame = counted.keep("chapters", frame, ~frame["hs6"].str[:2].isin(["93", "97", "98", "99"]))
    often = frame.groupby(["hs6", "unit"], as_index=False).size()
    often = often.sort_values(["hs6", "size", "unit"], ascending=[True, False, True])
    modal = often.drop_duplicates("hs6").set_index("hs6")["unit"]
    frame = counted.keep("unit", frame, frame["unit"] == frame["hs6"].map(modal))
    keys = ["firm", "city", "hs6", "destination", "year"]
    frame = frame.groupby(keys, as_index=False, dropna=False)[["value", "quantity"]].sum()
    frame = counted.tell("collapse", frame)
    price = np.log(frame["value"] / frame["quantity"])
    cell = price.groupby([frame["hs6"].str[:2], frame["year"]])
    low, high = cell.transform("quantile", 0.01), cell.transform("quantile", 0.99)
    frame = counted.keep("unit value", frame, (price >= low) & (price <= high))
    frame = counted.keep("small value", frame, frame["value"] >= 50)
    return counted.keep("small quantity", frame, frame["quantity"] >= 1)


def quality(frame: pd.DataFrame, counted: Counted) -> pd.DataFrame:
    """Estimate, scale and average: `city`, `year`, `quality`."""
    frame = frame.copy()
    log_price = np.log(frame["value"] / frame["quantity"])
    residual = np.log(frame["quantity"]) + SIGMA * log_price
    product, market = frame["hs6"], frame.groupby(["destination", "year"]).ngroup()
    for _ in range(MAX_SWEEPS):
        before = residual
        residual = residual - residual.groupby(product).transform("mean")
        residual = residual - residual.groupby(market).transform("mean")
        if (residual - before).abs().max() < STEADY:
            break
    frame["quality"] = residual / (SIGMA - 1)
    cell = frame.groupby(["hs6", "year"])["quality"]
    low, high = cell.transform("min"), cell.transform("max")
    frame["scaled"] = (frame["quality"] - low) / (high - low).where(high - low > 1e-9)
    frame = counted.keep("two values", frame, frame["scaled"].notna())
    frame = counted.keep("city", frame, frame["city"].notna())
    frame["weighted"] = frame["value"] * frame["scaled"]
    sums = frame.groupby(["city", "year"], as_index=False)[["value", "weighted"]].sum()
    return sums.assign(quality=sums["weighted"] / sums["value"])[["city", "year", "quality"]]


def city_quality(files: list[Path], out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return city-year quality and the counts of all steps; cleaned rows and rejects are written to a folder."""
    counted = Counted()
    table = quality(flows(counted.tell("read", read(files)), counted, out), counted)
    return table, pd.DataFrame(counted.lines)
