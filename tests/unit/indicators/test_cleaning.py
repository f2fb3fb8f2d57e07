"""The cleaning steps of customs records: each counted as a plain filter in its order would count it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from citypanel.canonical import Origin, read_origin, read_table, write_table
from citypanel.declare.cleaning import NO_CLEANING, Cleaning
from citypanel.declare.indicators import QualityOptions, parse_indicator, variant
from citypanel.errors import DeclarationError, InputError
from citypanel.indicators.cleaned import Cleaned
from citypanel.indicators.cleaning import clean_chapters, clean_exports
from citypanel.indicators.quality import city_quality
from citypanel.indicators.quality_streamed import quality_of_exports, quality_of_flows

UNITS = {
    "firms": "firm", "hs6": "hs6", "destinations": "destination", "cities": "city_producing", "value_usd": "value_usd",
}  # fmt: skip
HS6 = ["010110", "270111", "610910", "620342", "847130", "850440", "850440", "930100"]
NAMES = ["精密", "进出口贸易", "自由贸易试验区精密", "物流", "实业"]


def records(rows: int = 4000, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    firm = draw.zipf(1.5, rows) % 60
    code = np.array(HS6)[draw.integers(0, len(HS6), rows)]
    quantity = np.where(draw.random(rows) < 0.03, 0.0, draw.lognormal(3, 1, rows).round(3))
    year = draw.integers(2005, 2009, rows)
    return pd.DataFrame(
        {
            "firm": (3205900000 + firm).astype(str),
            "firm_name": [f"第{k}{NAMES[k % len(NAMES)]}有限公司" for k in firm],
            "hs8": np.char.add(code, draw.choice(["00", "10"], rows)),
            "hs_revision": np.where(year < 2007, "2002", "2007"),
            "destination": draw.choice(["USA", "DEU", "JPN", "IND", "BRA"], rows),
            "year": year, "month": None, "city_registered": 320500,
            "city_producing": pd.array(np.where(firm % 7 == 0, None, 320100 + 100 * (firm % 5)), dtype="Int32"),
            "value_usd": draw.lognormal(5, 2, rows).round(2),
            "quantity": np.where(draw.random(rows) < 0.03, np.nan, quantity),
            "unit": draw.choice(["千克", "台"], rows, p=[0.9, 0.1]),
            "regime": draw.choice(["一般贸易", "进料加工贸易"], rows, p=[0.8, 0.2]), "ownership": None,
            "source_file": "a.csv", "source_row": np.arange(rows) + 2,
        }
    )  # fmt: skip


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
    def store(frame: pd.DataFrame) -> Path:
        write_table(frame, tmp_path / "exports.parquet", "exports", origin=Origin(simulated=True))
        return tmp_path / "exports.parquet"

    return store


@pytest.fixture
def hs_table(tmp_path: Path) -> Path:
    """Return a table of one step: 847130 stays, 850440 splits into two, 620342 is unknown."""
    pairs = [("10110", "10110"), ("270111", "270111"), ("610910", "610910"), ("847130", "847130"),
             ("850440", "850440"), ("850440", "850431"), ("930100", "930100")]  # fmt: skip
    rows = [f"{new},{old},x,2007 to 2002" for new, old in pairs]
    path = tmp_path / "hs.csv"
    path.write_text("\n".join(["code.after,code.before,Relationship,adjustment", *rows]) + "\n")
    return path


def everything(hs_table: Path, tmp_path: Path) -> Cleaning:
    (tmp_path / "rauch.csv").write_text("product_prefix,class\n27,w\n8471,n\n")
    return Cleaning(
        drop_destinations="BRA", regimes="一般贸易", intermediaries="long", hs_base="2002", hs_table=str(hs_table),
        price_trim=(0.02, 0.97), min_value=20, min_quantity=2, goods="manufacturing", rauch=str(tmp_path / "rauch.csv"),
        rauch_drop="differentiated", min_flows=150,
    )  # fmt: skip


def by_filters(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows, firms, ... left after each step, from one plain filter after the other."""
    counts: list[dict[str, object]] = []

    def told(step: str, rows: pd.DataFrame) -> pd.DataFrame:
        line = {unit: rows[column].nunique() for unit, column in UNITS.items() if unit != "value_usd"}
        weight = rows["rows"].sum() if "rows" in rows else len(rows)
        counts.append({"reason": step, "rows": weight, **line, "value_usd": rows["value_usd"].sum()})
        return rows

    frame = told("read", frame.assign(hs6=frame["hs8"].str[:6]))
    frame = told("missing", frame[frame["quantity"].notna()])
    frame = told("zero", frame[frame["quantity"] > 0])
    frame = told("BRA", frame[frame["destination"] != "BRA"])
    frame = told("chapters", frame[~frame["hs6"].str[:2].isin(["93", "97", "98", "99"])])
    frame = told("regime", frame[frame["regime"] == "一般贸易"])
    for word in ("贸易", "物流"):
        plain = frame["firm_name"].str.replace("自由贸易试验区", "")
        frame = told(word, frame[~plain.str.contains(word)])
    frame = told("unknown code", frame[frame["hs6"] != "620342"])
    modal_units = frame.groupby("hs6")["unit"].agg(lambda units: units.mode()[0])
    frame = told("unit", frame[frame["unit"] == frame["hs6"].map(modal_units)])
    keys = ["firm", "city_producing", "hs6", "destination", "year"]
    flows = frame.assign(rows=1).groupby(keys, dropna=False, as_index=False)[["value_usd", "quantity", "rows"]].sum()
    price = np.log(flows["value_usd"] / flows["quantity"])
    cell = [flows["hs6"].str[:2], flows["year"]]
    low, high = (price.groupby(cell).transform(lambda p, q=q: p.quantile(q)) for q in (0.02, 0.97))
    flows = told("trim", flows[(price >= low) & (price <= high)])
    flows = told("value", flows[flows["value_usd"] >= 20])
    flows = told("quantity", flows[flows["quantity"] >= 2])
    flows = told("goods", flows[flows["hs6"].str[:2].astype(int).between(28, 96)])
    flows = told("rauch", flows[flows["hs6"] != "847130"])
    flows = told("thin", flows[flows.groupby("hs6")["hs6"].transform("size") >= 150])
    return pd.DataFrame(counts)


def test_every_step_counts_what_a_plain_filter_counts(
    stored: Callable[[pd.DataFrame], Path], hs_table: Path, tmp_path: Path
) -> None:
    frame = records()
    out, account = tmp_path / "flows.parquet", tmp_path / "attrition.parquet"
    kept = clean_exports(stored(frame), out, account, everything(hs_table, tmp_path))
    expected = by_filters(frame)
    found = read_table(account, "attrition").query("not reason.str.startswith('not applied')").reset_index(drop=True)
    changing = found[(found["rows_after"] < found["rows_before"])].reset_index(drop=True)
    steps = expected.iloc[1:].reset_index(drop=True)
    assert len(changing) == len(steps)
    for unit in ("rows", *UNITS):
        assert changing[f"{unit}_after"].astype(float).to_numpy() == pytest.approx(steps[unit].astype(float).to_numpy())
    assert found.loc[found["step"] == 22].empty
    assert pq.read_metadata(out).num_rows == kept
    assert pd.read_parquet(out)["rows"].sum() == steps["rows"].iloc[-1]
    assert read_origin(out).simulated
    assert read_origin(account).simulated


def test_nothing_is_dropped_when_every_step_is_off(stored: Callable[[pd.DataFrame], Path], tmp_path: Path) -> None:
    frame = records()
    whole = NO_CLEANING.model_copy(update={"positive": False})
    clean_exports(stored(frame), tmp_path / "f.parquet", tmp_path / "a.parquet", whole)
    account = read_table(tmp_path / "a.parquet", "attrition")
    assert set(account["rows_after"]) == {len(frame)}
    applied = account[~account["reason"].str.startswith("not applied")]
    assert applied["name"].tolist() == ["collapse"]
    flows = pd.read_parquet(tmp_path / "f.parquet")
    assert flows["rows"].sum() == len(frame)
    assert flows["value"].sum() == pytest.approx(frame["value_usd"].sum(), rel=1e-14)


def test_the_order_of_rows_and_of_files_changes_no_flow(stored: Callable[[pd.DataFrame], Path], tmp_path: Path) -> None:
    frame = records()
    clean_exports(stored(frame), tmp_path / "one.parquet", tmp_path / "a.parquet", Cleaning())
    shuffled = frame.sample(frac=1, random_state=1)
    clean_exports(stored(shuffled), tmp_path / "two.parquet", tmp_path / "b.parquet", Cleaning())
    keys = ["year", "product", "firm", "place", "destination"]
    one, two = (pd.read_parquet(tmp_path / f"{n}.parquet").sort_values(keys, ignore_index=True) for n in ("one", "two"))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    both = [read_table(tmp_path / f"{name}.parquet", "attrition") for name in ("a", "b")]
    pd.testing.assert_frame_equal(*both, check_exact=True)


def test_the_table_opens_with_the_steps_of_the_intake(stored: Callable[[pd.DataFrame], Path], tmp_path: Path) -> None:
    frame = records()
    units = (*UNITS, "rows", "cities_registered")
    counts = {f"{unit}_{when}": 1 for unit in units for when in ("before", "after")}
    step = {"table": "exports", "step": 2, "name": "duplicates", "reason": "copies", "changed": 0, **counts}
    for rows in (len(frame), 7):
        line = {**step, "rows_before": rows + 5, "rows_after": rows, "value_usd_before": 1.0, "value_usd_after": 1.0}
        write_table(pd.DataFrame([line]), tmp_path / f"{rows}.parquet", "attrition", origin=Origin())
    options = QualityOptions(sigma="4", trim=(0.01, 0.99), cleaning=NO_CLEANING)
    account = city_quality(stored(frame), options, attrition=tmp_path / f"{len(frame)}.parquet").attrs["attrition"]
    assert [line["step"] for line in account] == sorted(line["step"] for line in account)
    assert {line["step"] for line in account} == {2, *range(5, 23)}
    for before, after in pairwise(account):
        assert before["rows_after"] == after["rows_before"]
    with pytest.raises(InputError, match="ends with 7 rows, the table exports has 4000"):
        city_quality(stored(frame), options, attrition=tmp_path / "7.parquet")


def test_low_coverage_is_flagged_or_dropped_and_boundaries_and_gaps_leave_last(
    stored: Callable[[pd.DataFrame], Path],
) -> None:
    frame = records()
    frame["city_producing"] = frame["city_producing"].replace({320100: 341400})  # 巢湖, split in 2011
    gap = (frame["city_producing"] == 320200) & (frame["year"] == 2006)
    exports = stored(frame[~gap])

    def run(**cleaning: object) -> tuple[pd.DataFrame, dict[str, int]]:
        found = quality_of_exports(exports, QualityOptions(cleaning={"unit": "any", **cleaning}), 5.0)
        lost = found.attrition.set_index("reason")["rows_before"] - found.attrition.set_index("reason")["rows_after"]
        return found.cities, lost[lost > 0].to_dict()

    whole, lost = run()
    assert not whole["low_coverage"].any()
    edge = float(whole["coverage"].median())
    flagged, _ = run(min_coverage=edge)
    assert flagged["low_coverage"].sum() == (whole["coverage"] < edge).sum() > 0
    dropped, lost = run(min_coverage=edge, low_coverage="drop")
    assert len(dropped) == (whole["coverage"] >= edge).sum()
    assert any("of its value covered" in reason for reason in lost)
    assert 341400 in whole["adcode"].tolist()
    assert 341400 not in run(boundary_changes="drop")[0]["adcode"].tolist()
    full, lost = run(balanced=True)
    assert 320200 in whole["adcode"].tolist()
    assert 320200 not in full["adcode"].tolist()
    assert full.groupby("adcode")["year"].nunique().eq(4).all()
    assert "city without a value in every year" in lost


def test_weights_of_cities_provinces_and_firms_sum_to_one(stored: Callable[[pd.DataFrame], Path]) -> None:
    """Where all quality is 1 or 0, a weighted mean lies between them and provinces are means of their cities."""
    found = quality_of_exports(stored(records()), QualityOptions(cleaning=NO_CLEANING), 5.0, firms=True)
    cities = found.cities
    assert cities["quality"].between(0, 1).all()
    assert found.firms["quality"].between(0, 1).all()
    assert (found.provinces["adcode"] == 320000).all()
    # Coverage times total is the value kept, so the two levels must agree on both.
    assert len(found.provinces) == 4
    assert found.provinces["coverage"].between(0.9, 1).all()
    total = records().query("quantity > 0").groupby("year")["value_usd"].sum()
    kept = found.firms.groupby("year")["value"].sum()
    assert (kept <= total + 1e-6).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"intermediary": "short"}, "key 'cleaning.intermediary' is unknown; did you mean 'intermediaries'"),
        ({"hs_base": "2002"}, "hs_base needs hs_table: the UN's consolidated HS conversion tables"),
        ({"rauch_drop": "exchange"}, "rauch_drop needs rauch: a CSV with product_prefix and class .*no open file"),
        ({"price_trim": [0.9, 0.1]}, "price_trim is two shares in order, found 0.9, 0.1"),
        ({"drop_chapters": ["979"]}, "key 'cleaning.drop_chapters.0' is '979'"),
    ],
)
def test_a_wrong_declaration_is_one_line(given: dict[str, object], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        parse_indicator("quality", {"cleaning": given}, "study s, variable 'q'")


def test_cleaning_is_part_of_the_path_only_where_it_differs_from_the_default() -> None:
    assert variant(QualityOptions(cleaning=Cleaning())) == "ksw"
    one, two = (variant(QualityOptions(cleaning={"intermediaries": name})) for name in ("short", "long"))
    assert one.startswith("ksw-cleaning_")
    assert one != two
    assert variant(QualityOptions(cleaning={"drop_chapters": [1, 2]})) == variant(
        QualityOptions(cleaning={"drop_chapters": "01,02"})
    )


def test_a_class_of_rauch_or_a_deflator_that_is_not_there_is_one_line(
    stored: Callable[[pd.DataFrame], Path], tmp_path: Path
) -> None:
    exports, out, account = stored(records(200)), tmp_path / "f.parquet", tmp_path / "a.parquet"
    (tmp_path / "r.csv").write_text("product_prefix,class\n27,other\n")
    options = Cleaning(rauch=str(tmp_path / "r.csv"), rauch_drop="exchange")
    with pytest.raises(InputError, match="r.csv, column 'class', row 2: found 'other'; allowed: exchange"):
        clean_exports(exports, out, account, options)
    (tmp_path / "d.csv").write_text("year,deflator\n2005,1\n2006,1.1\n2008,1.2\n")
    with pytest.raises(InputError, match="d.csv: found no deflator above 0 for 2007, a year of the exports"):
        clean_exports(exports, out, account, Cleaning(deflator=str(tmp_path / "d.csv")))
    assert not out.exists()
    assert not account.exists()


@pytest.mark.parametrize("method", ["ksw", "by_product"])
@pytest.mark.parametrize("scope", ["product", "product_year"])
@pytest.mark.parametrize("price_scope", ["chapter", "chapter_year"])
def test_the_size_of_partitions_and_batches_changes_nothing(
    method: str, scope: str, price_scope: str, stored: Callable[[pd.DataFrame], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = stored(records())
    cleaning = {"price_scope": price_scope, "intermediaries": "short", "min_flows": 20, "unit": "any"}
    options = QualityOptions(method=method, scope=scope, trim=(0.02, 0.98), min_observations=20, cleaning=cleaning)
    whole = city_quality(exports, options)
    monkeypatch.setattr("citypanel.indicators.partitions.SIZE", 20)
    monkeypatch.setattr("citypanel.indicators.cleaning_rows.BATCH", 333)
    monkeypatch.setattr("citypanel.indicators.quality_streamed.BLOCK", 50)
    pieces = city_quality(exports, options)
    pd.testing.assert_frame_equal(whole, pieces, check_exact=True)
    assert whole.attrs["attrition"] == pieces.attrs["attrition"]


@pytest.mark.parametrize("method", ["ksw", "by_product"])
@pytest.mark.parametrize("scope", ["product", "product_year"])
def test_chapters_shared_out_to_any_number_of_jobs_change_nothing(
    method: str, scope: str, stored: Callable[[pd.DataFrame], Path], tmp_path: Path
) -> None:
    exports = stored(records())
    # A code that goes from one chapter to another with the conversion, and one that is unknown to it.
    pairs = ["10110,610910", "270111,270111", "610910,610910", "847130,850440", "850440,850440", "930100,930100"]
    pairs += ["999998,10110", "999999,847130"]
    table = ["code.after,code.before,Relationship,adjustment", *(f"{pair},x,2007 to 2002" for pair in pairs)]
    (tmp_path / "hs.csv").write_text("\n".join([*table, ""]))
    cleaning = {"hs_base": "2002", "hs_table": str(tmp_path / "hs.csv"), "intermediaries": "short", "min_flows": 20}
    options = QualityOptions(method=method, scope=scope, trim=(0.02, 0.98), min_observations=20, cleaning=cleaning)
    found = []
    for groups in (1, 2, 5):
        files = [Cleaned(tmp_path / f"{g}of{groups}.flows", tmp_path / f"{g}of{groups}.account") for g in range(groups)]
        for number, file in enumerate(files, start=1):
            clean_chapters(exports, file, options.cleaning, place="producing", level="hs6", group=f"{number}of{groups}")
        found.append(quality_of_flows(files, options, 4.0, firms=True))
    for other in found[1:]:
        for name in ("cities", "provinces", "firms", "attrition", "elasticities"):
            pd.testing.assert_frame_equal(getattr(found[0], name), getattr(other, name), check_exact=True)
    assert found[0].attrition["rows_before"].iloc[0] == len(records())
    assert found[0].firms["quality"].between(0, 1).all()


def test_chapters_leave_by_the_code_as_written_and_units_are_those_of_the_rows_that_are_left(
    stored: Callable[[pd.DataFrame], Path], tmp_path: Path
) -> None:
    """Step 7 comes before the conversion of step 10; step 11 looks at the rows that steps 9 and 10 have left."""
    frame = records(200)
    frame["hs8"] = np.where(np.arange(200) < 100, "93010000", "85044000")
    frame["hs_revision"], frame["quantity"], frame["value_usd"] = "2007", 5.0, 100.0
    trading = np.arange(200) % 4 != 0
    frame["firm"] = np.where(trading, "3205900001", "3205900002")
    frame["firm_name"] = np.where(trading, "某贸易有限公司", "某机械厂")
    frame["unit"] = np.where(trading, "台", "千克")
    (tmp_path / "hs.csv").write_text(
        "code.after,code.before,Relationship,adjustment\n930100,850440,x,2007 to 2002\n850440,930100,x,2007 to 2002\n"
    )
    options = Cleaning(hs_base="2002", hs_table=str(tmp_path / "hs.csv"), intermediaries="short")
    clean_exports(stored(frame), tmp_path / "f.parquet", tmp_path / "a.parquet", options)
    flows = pd.read_parquet(tmp_path / "f.parquet")
    assert flows["product"].unique().tolist() == ["930100"]
    # Trading firms report pieces; without them kilograms are the usual unit, so no row of the others leaves.
    assert flows["rows"].sum() == 25
