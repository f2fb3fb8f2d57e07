"""Quality of flows and cities: what enters, what leaves, and why."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.canonical import Origin, write_table
from citypanel.declare.cleaning import NO_CLEANING
from citypanel.declare.indicators import QualityOptions
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.indicators.city import city_indicator
from citypanel.indicators.commands import run_quality
from citypanel.indicators.quality import city_quality, flow_quality


def simulated(seed: int = 0, rows: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "place": draw.choice(["A", "B", "C"], rows),
            "product": draw.choice(["0101", "0202", "8517"], rows),
            "destination": draw.choice(["USA", "DEU", "JPN", "IND"], rows),
            "year": draw.integers(2010, 2013, rows),
            "value": draw.lognormal(5, 1, rows),
            "quantity": draw.lognormal(2, 1, rows),
        }
    )
    return frame.assign(exporter=draw.integers(0, 9, rows).astype(str))


def test_rows_of_one_flow_are_added_up_after_bad_rows_left() -> None:
    frame = simulated()
    split = pd.concat([frame.assign(value=frame["value"] / 2, quantity=frame["quantity"] / 2)] * 2)
    broken = frame.assign(quantity=np.where(np.arange(len(frame)) % 2, 0.0, np.nan))
    one = flow_quality(frame, QualityOptions(), 5.0)
    two = flow_quality(pd.concat([split, broken], ignore_index=True), QualityOptions(), 5.0)
    assert two.flows["quality"].to_numpy() == pytest.approx(one.flows["quality"].to_numpy(), abs=1e-10)
    lines = two.attrition.set_index("reason")["rows"]
    assert lines["value or quantity missing"] == lines["value or quantity not positive"] == len(frame) / 2
    # The value of rows without a quantity is in the total but not in what is kept.
    assert two.places["coverage"].to_numpy() == pytest.approx(one.places["coverage"].to_numpy() / 2)


def test_the_longest_prefix_decides_and_products_without_sigma_are_counted() -> None:
    frame = simulated()
    sigma = pd.Series({"01": 3.0, "0101": 4.0, "02": 0.9})
    found = flow_quality(frame, QualityOptions(divide=False), sigma)
    alone = frame[frame["product"] == "0101"]
    expected = flow_quality(alone, QualityOptions(divide=False), 4.0)
    assert found.flows["quality"].to_numpy() == pytest.approx(expected.flows["quality"].to_numpy(), abs=1e-10)
    lines = found.attrition.set_index("reason")["rows"]
    assert lines["no sigma for the product"] == (frame["product"] == "8517").sum()
    assert lines["sigma not above 1"] == (frame["product"] == "0202").sum()


@pytest.mark.parametrize("method", ["ksw", "by_product"])
@pytest.mark.parametrize("scope", ["product", "product_year"])
def test_rows_and_dollars_add_up_and_weights_sum_to_one(method: str, scope: str) -> None:
    options = QualityOptions.model_validate(
        {"method": method, "scope": scope, "trim": "0.05,0.95", "min_observations": 20}
    )
    frame = simulated(rows=900)
    try:
        found = flow_quality(frame, options, 5.0)
    except EstimationError as fault:
        pytest.fail(str(fault))
    lines = found.attrition.set_index("reason")
    assert lines.loc["read", "rows"] == 900 == lines["rows"].drop("read").sum()
    assert lines.loc["read", "value"] == pytest.approx(lines["value"].drop("read").sum())
    kept = found.flows.dropna(subset="weight")
    if len(kept):
        assert kept.groupby(["place", "year"])["weight"].sum().to_numpy() == pytest.approx(1.0)
        assert kept["quality_std"].between(0, 1).all()
    means = (kept["weight"] * kept["quality_std"]).groupby([kept["place"], kept["year"]]).sum()
    shown = found.places.set_index(["place", "year"])["quality"].dropna()
    assert shown.to_dict() == pytest.approx(means.to_dict())


def test_the_unit_of_value_and_quantity_does_not_matter() -> None:
    frame = simulated()
    other = frame.assign(value=frame["value"] * 1000, quantity=frame["quantity"] * 7)
    one, two = (flow_quality(f, QualityOptions(), 5.0).flows["quality"].to_numpy() for f in (frame, other))
    assert two == pytest.approx(one, abs=1e-10)


def test_an_estimator_without_flows_says_which_step_took_the_last() -> None:
    with pytest.raises(EstimationError, match="last left at the step 'product with fewer than 5000 flows'"):
        flow_quality(simulated(), QualityOptions(method="by_product", min_observations=5000), None)


def table(tmp_path: Path, **columns: object) -> Path:
    path = tmp_path / "flows.csv"
    simulated().assign(**columns).to_csv(path, index=False)
    return path


def test_the_command_keeps_the_names_of_the_key_columns(tmp_path: Path) -> None:
    frame = simulated().rename(columns={"exporter": "firm"})
    frame.to_csv(tmp_path / "both.csv", index=False)
    written = run_quality(tmp_path / "both.csv", tmp_path / "o", sigma="5")
    assert [path.name for path in written] == ["o.flows.parquet", "o.places.csv", "o.attrition.csv", "o.firms.csv"]
    values = ["quality", "quality_std", "weight"]
    assert pd.read_parquet(written[0]).columns.tolist() == [
        "firm", "place", "product", "destination", "year", *values,
    ]  # fmt: skip
    frame.drop(columns="place").rename(columns={"firm": "firm_or_place"}).to_csv(tmp_path / "one.csv", index=False)
    written = run_quality(tmp_path / "one.csv", tmp_path / "p", sigma="5")
    assert pd.read_parquet(written[0]).columns.tolist()[:2] == ["firm_or_place", "product"]
    assert pd.read_csv(written[1])["place"].nunique() == 9


def test_means_of_firms_are_value_weighted_over_the_flows_that_enter(tmp_path: Path) -> None:
    frame = simulated().rename(columns={"exporter": "firm"})
    frame.to_csv(tmp_path / "both.csv", index=False)
    flows, *_, firms = run_quality(tmp_path / "both.csv", tmp_path / "o", sigma="5")
    scaled = pd.read_parquet(flows).merge(
        frame.groupby(["firm", "place", "product", "destination", "year"], as_index=False)["value"].sum()
    )
    scaled = scaled.dropna(subset="quality_std")
    expected = (scaled["quality_std"] * scaled["value"]).groupby([scaled["firm"], scaled["year"]]).sum()
    kept = scaled.groupby(["firm", "year"])["value"].sum()
    found = pd.read_csv(firms, dtype={"firm": str}).set_index(["firm", "year"])
    known = found.dropna()
    assert known["quality"].to_numpy() == pytest.approx((expected / kept).reindex(known.index).to_numpy())
    total = frame.groupby(["firm", "year"])["value"].sum()
    assert known["coverage"].to_numpy() == pytest.approx((kept / total).reindex(known.index).to_numpy())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "--sigma is missing; method ksw needs a number or a file"),
        ({"sigma": "0.5"}, "sigma is 0.5; allowed: a number above 1"),
        ({"sigma": "nowhere.csv"}, "nowhere.csv does not exist"),
    ],
)
def test_a_wrong_sigma_is_one_line(arguments: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        run_quality(table(tmp_path), tmp_path / "o", **arguments)
    assert not list(tmp_path.glob("o.*"))


def test_a_wrong_trim_or_text_in_a_number_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="trim is two shares in order, found 0.9, 0.1"):
        run_quality(table(tmp_path), tmp_path / "o", sigma="5", trim="0.9,0.1")
    with pytest.raises(InputError, match="column 'quantity', row 2: found 'many'; allowed: a number"):
        run_quality(table(tmp_path, quantity="many"), tmp_path / "o", sigma="5")


def canonical(frame: pd.DataFrame) -> pd.DataFrame:
    city = frame["place"].map({"A": 320500, "B": 330100}).astype("Int32")
    return pd.DataFrame(
        {
            "firm": "32059" + frame["exporter"].str.zfill(5), "firm_name": None, "hs8": frame["product"] + "0000",
            "hs_revision": "2012", "destination": frame["destination"], "year": frame["year"], "month": None,
            "city_registered": city, "city_producing": city,
            "value_usd": frame["value"].round(2), "quantity": frame["quantity"].round(3),
            "unit": np.where(np.arange(len(frame)) < 10, "台", "千克"), "regime": None, "ownership": None,
            "source_file": "a.csv", "source_row": np.arange(len(frame)) + 2,
        }
    )  # fmt: skip


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    rows = canonical(simulated(rows=300))
    write_table(rows, tmp_path / "exports.parquet", "exports", origin=Origin())
    return tmp_path / "exports.parquet"


def test_cities_have_a_quality_and_an_account_of_their_rows(exports: Path) -> None:
    options = QualityOptions(level="hs4", sigma="4", cleaning={"min_value": 0, "min_quantity": 0, "price_trim": (0, 1)})
    found = city_indicator("quality", {"exports": exports}, options)
    assert found.columns.tolist() == ["adcode", "year", "quality", "coverage", "low_coverage"]
    assert found["quality"].between(0, 1).all()
    assert found["coverage"].between(0.5, 1).all()
    lines = {line["reason"]: line["rows"] for line in found.attrs["accounting"]}
    frame = simulated(rows=300)
    assert lines["read"] == 300 == sum(lines.values()) - lines["read"]
    # A row whose city is unknown still tells about demand: it leaves last, when cities are formed.
    assert lines["place without a prefecture in registers/customs_areas.csv"] == (frame["place"][10:] == "C").sum()
    assert lines["quantity not in the product's modal unit"] == 10
    # Rows in another unit leave the mean, but not the total that coverage is measured against.
    mapped = frame[frame["place"] != "C"]
    totals = mapped["value"].round(2).groupby([mapped["place"].map({"A": 320500, "B": 330100}), mapped["year"]]).sum()
    kept = (found.set_index(["adcode", "year"])["coverage"] * totals.to_numpy()).sum()
    assert kept == pytest.approx(next(x["value"] for x in found.attrs["accounting"] if x["reason"] == "kept"))


@pytest.mark.parametrize("method", ["ksw", "by_product"])
@pytest.mark.parametrize("scope", ["product", "product_year"])
@pytest.mark.parametrize("trim", [(0.0, 1.0), (0.05, 0.95)])
def test_streamed_quality_is_that_of_the_table_in_memory(
    method: str, scope: str, trim: tuple[float, float], tmp_path: Path
) -> None:
    frame = simulated(seed=3, rows=3000)
    rows = canonical(frame)
    write_table(rows, tmp_path / "exports.parquet", "exports", origin=Origin())
    options = QualityOptions(
        method=method, scope=scope, trim=trim, level="hs4", sigma="4", min_observations=30, cleaning=NO_CLEANING
    )
    streamed = city_quality(tmp_path / "exports.parquet", options)
    flows = rows.assign(
        exporter=rows["firm"], place=rows["city_producing"].fillna(0), product=rows["hs8"].str[:4],
        value=rows["value_usd"],
    )[["exporter", "place", "product", "destination", "year", "value", "quantity"]]  # fmt: skip
    # The reference scales before cities are formed, as the steps do: unmapped rows are a place of their own, 0.
    expected = flow_quality(flows.astype({"place": "int64"}), options, 4.0).places
    expected = expected[expected["place"] > 0].reset_index(drop=True)
    assert streamed["adcode"].tolist() == expected["place"].tolist()
    for column in ("quality", "coverage"):
        assert streamed[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-9, nan_ok=True)
