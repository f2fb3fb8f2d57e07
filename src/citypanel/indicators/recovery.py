"""Quality estimated from simulated customs records, beside the quality that is true in their world."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from citypanel.canonical import read_frame
from citypanel.declare.cleaning import Cleaning
from citypanel.declare.indicators import QualityOptions
from citypanel.indicators.cleaning import clean_exports
from citypanel.indicators.demand import by_product_2sls
from citypanel.indicators.quality import flow_quality
from citypanel.result import Record, Row, library_versions

FLOW = ["exporter", "product", "destination", "year"]
ONE_SIGMA = 5.0  # a number that the literature takes for all products
POINTS = 1_000  # flows of each estimator that a figure shows
# Unit values are not trimmed: what is cut off at the ends of prices moves the ends of the scale of quality.
CLEANING = Cleaning(price_trim=(0, 1))


def recovered_quality(exports: Path, truth: Path, true_flows: Path, study: str) -> Record:
    """Compare quality and elasticities estimated in four ways with what is true.

    Parameters
    ----------
    exports : Path
        Canonical `exports` of the world.
    truth : Path
        The world's truth.json, with `sigma` by product.
    true_flows : Path
        The world's truth_flows.parquet: firm, hs8, destination, year, ln_quality.
    study : str
        For the record.

    Returns
    -------
    Record
        Curve `quality`: name, n, correlation, slope (of the estimate on the truth), for flows by `by_product`
        (instrument: the price in other destinations), `least_squares` (none), `true_sigma` and `sigma_5` (pooled),
        and for elasticities by the first two. Curve `points`: name, truth, estimate; some flows, all products.
    """
    sigma = pd.Series(json.loads(truth.read_text(encoding="utf-8"))["sigma"])
    flows = _flows(exports)
    known = read_frame(true_flows).rename(columns={"firm": "exporter", "hs8": "product"}).astype({"year": "int64"})
    instrumented = flow_quality(flows, _options("by_product"), None)
    plain, plain_sigma = _least_squares(instrumented.flows, flows)
    estimated = {
        "by_product": instrumented.flows,
        "least_squares": plain,
        "true_sigma": flow_quality(flows, _options("ksw"), sigma).flows,
        "sigma_5": flow_quality(flows, _options("ksw"), ONE_SIGMA).flows,
    }
    pairs = {name: _beside(found, known) for name, found in estimated.items()}
    own = instrumented.elasticities.set_index("product")["sigma"]
    pairs["sigma"] = pd.DataFrame({"truth": sigma.reindex(own.index), "estimate": own})
    pairs["sigma_least_squares"] = pd.DataFrame({"truth": sigma.reindex(plain_sigma.index), "estimate": plain_sigma})
    return Record(
        method="recovery",
        formula="",
        columns=(),
        curves={
            "quality": [{"name": name, **agreement(pair)} for name, pair in pairs.items()],
            "points": [point for name, pair in pairs.items() for point in _points(name, pair)],
        },
        sample={"rows": len(flows), "simulated": True},
        versions=library_versions(),
        study=study,
        analysis="recovered_quality",
    )


def agreement(pair: pd.DataFrame) -> Row:
    """Return how many pairs of `truth` and `estimate` there are, their correlation, and the slope on the truth."""
    deviation = pair - pair.mean()
    slope = (deviation["truth"] * deviation["estimate"]).sum() / (deviation["truth"] ** 2).sum()
    return {"n": len(pair), "correlation": float(pair["truth"].corr(pair["estimate"])), "slope": float(slope)}


def _options(method: str) -> QualityOptions:
    return QualityOptions.model_validate({"method": method, "level": "hs8"})


def _flows(exports: Path) -> pd.DataFrame:
    with TemporaryDirectory(prefix="citypanel_") as room:
        out = Path(room) / "flows.parquet"
        clean_exports(exports, out, Path(room) / "attrition.parquet", CLEANING, level="hs8")
        flows = read_frame(out).rename(columns={"firm": "exporter"})
    return flows[flows["place"].notna()].astype({"place": "int64", "year": "int64"})


def _least_squares(used: pd.DataFrame, flows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return quality and elasticities by product without an instrument, on the flows that have one."""
    keys = [*FLOW, "place"]
    rows = used[keys].merge(flows.groupby(keys, as_index=False)[["value", "quantity"]].sum(), on=keys, how="left")
    value, number = (rows[name].to_numpy(dtype=np.float64) for name in ("value", "quantity"))
    price, quantity = np.log(value / number), np.log(number)
    product, names = pd.factorize(rows["product"], sort=True)
    cell = np.asarray(rows.groupby(["product", "destination", "year"]).ngroup(), dtype=np.int64)
    # Two-stage least squares with the price as its own instrument is least squares.
    found = by_product_2sls(quantity, price, price, product.astype(np.int64), cell)
    return rows.assign(quality=found.residual / (found.sigma[product] - 1)), pd.Series(found.sigma, index=names)


def _beside(found: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    both = found[[*FLOW, "quality"]].merge(known, on=FLOW, how="inner", validate="many_to_one")
    return both.sort_values(FLOW)[["ln_quality", "quality"]].set_axis(["truth", "estimate"], axis=1)


def _points(name: str, pair: pd.DataFrame) -> list[Row]:
    shown = pair.iloc[:: max(1, len(pair) // POINTS)]
    pairs = zip(shown["truth"].tolist(), shown["estimate"].tolist(), strict=True)
    return [{"name": name, "truth": truth, "estimate": estimate} for truth, estimate in pairs]
