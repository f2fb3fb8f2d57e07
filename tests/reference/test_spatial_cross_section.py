"""Cross-sections and Moran's I against R's spatialreg and spdep."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import moran, spatial, spatial_lm
from citypanel.estimate.outcome import Estimate

METHODS = {"spatial": spatial, "spatial_lm": spatial_lm, "moran": moran}


@pytest.fixture(scope="module")
def columbus(shared: Callable[..., Path]) -> Callable[..., Estimate]:
    folder = shared("reference", "spatial_gmm", "data")
    data = pd.read_csv(folder / "columbus.csv")

    def run(method: str, formula: str, **options: object) -> Estimate:
        chosen = parse_options(method, {"w": str(folder / "columbus_w.csv"), **options}, "test")
        return METHODS[method].estimate(data, Specification(method, formula, chosen))

    return run


@pytest.fixture(scope="module")
def expected(shared: Callable[..., Path]) -> dict[str, Any]:
    path = shared("reference", "spatial_gmm", "ref", "r_spatialreg_columbus.json")
    return dict(json.loads(path.read_text()))


@pytest.mark.parametrize(
    ("peer", "model", "name"), [("lag", "sar", "rho"), ("Durbin", "sdm", "rho"), ("error", "sem", "lambda")]
)
def test_one_cross_section_matches_spatialreg(
    peer: str, model: str, name: str, columbus: Callable[..., Estimate], expected: dict[str, Any]
) -> None:
    theirs = expected[peer]
    answer = columbus("spatial", "CRIME ~ INC + HOVAL", model=model, effects_fe="none")
    ours = answer.columns[0]
    # spatialreg's default optimiser stops at 1.5e-8 of the interval, that is 6e-8 of lambda.
    assert ours.term(name).estimate == pytest.approx(theirs[name], rel=1e-7)
    assert ours.term(name).se == pytest.approx(theirs[f"{name}_se"], rel=1e-7)
    assert ours.stats["sigma2"] == pytest.approx(theirs["s2"], rel=1e-7)
    assert ours.stats["loglik"] == pytest.approx(theirs["LL"][0][0], rel=1e-10)
    for term, value in theirs["coef"].items():
        mine = ours.term(term.replace("lag.", "W.").replace("(Intercept)", "Intercept"))
        assert mine.estimate == pytest.approx(value, rel=1e-7)
        se = next(item for key, item in theirs["se"].items() if key.endswith(term))
        assert mine.se == pytest.approx(se, rel=1e-7)
    if peer != "error":
        for row in answer.curves["impacts"]:
            value = theirs[row["effect"]][theirs["names"].index(row["term"])]
            assert row["estimate"] == pytest.approx(value, rel=1e-7)


def test_lm_tests_of_a_cross_section_match_spatialreg(
    columbus: Callable[..., Estimate], expected: dict[str, Any]
) -> None:
    ours = columbus("spatial_lm", "CRIME ~ INC + HOVAL").columns[0].stats
    for name, peer in (("lm_lag", "LMlag"), ("lm_error", "LMerr"), ("rlm_lag", "RLMlag"), ("rlm_error", "RLMerr")):
        assert ours[name] == pytest.approx(expected["lm"][peer]["stat"], rel=1e-10)
        assert ours[f"{name}_p"] == pytest.approx(expected["lm"][peer]["p"], rel=1e-10)


def test_morans_i_of_columbus_matches_spdep(columbus: Callable[..., Estimate], expected: dict[str, Any]) -> None:
    ours = columbus("moran", "CRIME").columns[0]
    theirs = expected["moran_CRIME"]
    assert ours.term("I").estimate == pytest.approx(theirs["I"], rel=1e-12)
    assert ours.stats["sd"] ** 2 == pytest.approx(theirs["var"], rel=1e-12)
    assert ours.stats["z"] == pytest.approx(theirs["z"], rel=1e-12)


@pytest.mark.parametrize(
    ("assumption", "side", "z", "p"),
    [
        ("randomisation", "greater", "z_rand", "p_greater_rand"),
        ("randomisation", "two", "z_rand", "p_two_rand"),
        ("normal", "greater", "z_norm", "p_greater_norm"),
    ],
)
def test_morans_i_of_each_year_matches_spdep(
    assumption: str, side: str, z: str, p: str, shared: Callable[..., Path]
) -> None:
    folder = shared("reference", "spatial_gmm")
    theirs = json.loads((folder / "ref" / "r_moran_cigar_by_year.json").read_text())
    w = str(folder / "data" / "usa46_w.csv")
    options = parse_options("moran", {"w": w, "assumption": assumption, "side": side}, "test")
    data = pd.read_csv(folder / "data" / "cigar.csv")
    answer = moran.estimate(data, Specification("moran", "log(sales)", options, unit="state", time="year"))
    assert [column.column for column in answer.columns] == [str(year) for year in range(63, 93)]
    for column, row in zip(answer.columns, answer.curves["moran"], strict=True):
        year = theirs[f"19{column.column}"]
        assert column.term("I").estimate == pytest.approx(year["I"], rel=1e-10)
        assert column.stats["expectation"] == pytest.approx(year["EI"], rel=1e-12)
        assert column.stats["sd"] ** 2 == pytest.approx(
            year["var_rand" if assumption != "normal" else "var_norm"], rel=1e-10
        )
        assert column.stats["z"] == pytest.approx(year[z], rel=1e-10)
        assert column.term("I").p == pytest.approx(year[p], rel=1e-10)
        assert row["I"] == column.term("I").estimate
