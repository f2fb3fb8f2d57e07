"""Difference and system GMM against Stata 18 (xtabond, xtdpdsys, xtabond2) on the Arellano-Bond firms.

The commands stand in `stata18_dynpanel_commands.txt`; the lists `gmm(L.n, lag(1 .))` are written on the level
here, as `n:2:99`, where the panel has no gaps, and as `L1.n:1:99` in one case to show that both are the same.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from citypanel.declare.methods import parse_options
from citypanel.declare.specification import Specification
from citypanel.estimate import gmm
from citypanel.result import ColumnResult

AR2 = "n ~ L1.n + L2.n + w + L1.w + k + L1.k + L2.k"
OWN = "w,L1.w,k,L1.k,L2.k:eq=diff"

# Keys of the file: formula, vcov, options. With endogenous(w, lagstruct(1, .)) xtabond starts at lag 3.
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "A1_ar1_1step_robust": ("n ~ L1.n", "cluster:id", {"gmm": "n:2:99"}),
    "A2_ar1_1step_classic": ("n ~ L1.n", "iid", {"gmm": "n:2:99"}),
    "A3_ar2_1step_robust": ("n ~ L1.n + L2.n", "cluster:id", {"gmm": "n:2:99"}),
    "A4_ar1_2step_wc": ("n ~ L1.n", "cluster:id", {"gmm": "n:2:99", "steps": 2}),
    "A7_minlag3": ("n ~ L1.n", "cluster:id", {"gmm": "n:3:99"}),
    "B1_ab1991_1step_robust": (AR2, "cluster:id", {"gmm": "n:2:99", "iv": OWN}),
    "B4_ab1991_cons": (AR2, "cluster:id", {"gmm": "n:2:99", "iv": OWN, "constant": "true"}),
    "C2_w_endogenous": (AR2, "cluster:id", {"gmm": "n:2:99;w:3:99", "iv": "k,L1.k,L2.k"}),
    "D1_x2_diff_1step": ("n ~ L1.n", "cluster:id", {"gmm": "L1.n:1:99"}),
    "D3_x2_diff_ivwk": ("n ~ L1.n + w + k", "cluster:id", {"gmm": "n:2:99", "iv": "w,k:eq=diff"}),
    "D4_x2_sys_1step": ("n ~ L1.n + w + k", "cluster:id", {"gmm": "n:2:99", "iv": "w,k", "system": True}),
    "D7_x2_fod_diff": (
        "n ~ L1.n + w + k",
        "cluster:id",
        {"gmm": "n:2:99", "iv": "w,k:eq=diff", "transform": "fod"},
    ),
    "D9_x2_fod_sys_1step": (
        "n ~ L1.n + w + k",
        "cluster:id",
        {"gmm": "n:2:99", "iv": "w,k", "transform": "fod", "system": True},
    ),
    "E1_xtdpdsys_ar1_1step": ("n ~ L1.n", "cluster:id", {"gmm": "n:2:99", "system": True, "h": 2}),
    "E3_xtdpdsys_wk_1step": (
        "n ~ L1.n + w + k",
        "cluster:id",
        {"gmm": "n:2:99", "iv": "w,k:eq=diff", "system": True, "h": 2},
    ),
    "F1_x2_diff_cluster_ind": (
        "n ~ L1.n + w + k",
        "cluster:ind",
        {"gmm": "n:2:99", "iv": "w,k:eq=diff"},
    ),
    "F4_x2_diff_cluster_id": ("n ~ L1.n + w + k", "cluster:id", {"gmm": "n:2:99", "iv": "w,k:eq=diff"}),
    "G1_ah_levels": ("n ~ L1.n", "cluster:id", {"gmm": "n:2:2:collapse"}),
    "G2_ah_differences": ("n ~ L1.n", "cluster:id", {"iv": "L2.n:eq=diff"}),
    "G3_ah_levels_wk": ("n ~ L1.n + w + k", "cluster:id", {"gmm": "n:2:2:collapse", "iv": "w,k:eq=diff"}),
    "G4_ah_differences_wk": ("n ~ L1.n + w + k", "cluster:id", {"iv": "L2.n,w,k:eq=diff"}),
    "I10_gap_wk_1step": ("n ~ L1.n + w + k", "cluster:id", {"gmm": "n:2:99", "iv": "w,k"}),
    "I6_gap_diff_1step": ("n ~ L1.n", "cluster:id", {"gmm": "n:2:99"}),
    "I8_gap_fod_1step": ("n ~ L1.n", "cluster:id", {"gmm": "n:2:99", "transform": "fod"}),
} | {f"I1_gap_collapse_lag{lag}": ("n ~ L1.n", "cluster:id", {"gmm": f"n:{lag}:{lag}:collapse"}) for lag in range(2, 7)}
NAMES = {"L.n": "L1.n", "L2.n": "L2.n", "L.w": "L1.w", "L.k": "L1.k", "_cons": "Intercept"}
# xtabond and xtdpdsys store other names than xtabond2; their sig2 and Sargan divide by N - k.
STATS = {
    "arm1": "ar1_z",
    "arm2": "ar2_z",
    "ar1": "ar1_z",
    "ar1p": "ar1_p",
    "ar2": "ar2_z",
    "ar2p": "ar2_p",
    "hansen": "hansen",
    "hansen_df": "hansen_df",
    "hansenp": "hansen_p",
    "sar_df": "sargan_df",
    "sarganp": "sargan_p",
    "j": "instruments",
    "zrank": "instruments",
}


def fitted(data: pd.DataFrame, formula: str, vcov: str, options: dict[str, Any]) -> ColumnResult:
    given = parse_options("gmm", {"steps": 1, **options}, "test")
    specification = Specification("gmm", formula, given, unit="id", time="year", vcov=vcov)
    return gmm.estimate(data, specification).columns[0]


@pytest.fixture(scope="module")
def firms(shared: Callable[..., Path]) -> pd.DataFrame:
    return pd.read_csv(shared("reference", "spatial_gmm", "data", "stata_abdata.csv"))


@pytest.fixture(scope="module")
def stata(shared: Callable[..., Path]) -> dict[str, Any]:
    path = shared("reference", "spatial_gmm", "ref", "stata18_dynpanel_abdata.json")
    return dict(json.loads(path.read_text()))


@pytest.mark.parametrize("key", CASES)
def test_coefficients_errors_and_tests_are_those_of_stata(key: str, firms: pd.DataFrame, stata: dict[str, Any]) -> None:
    formula, vcov, options = CASES[key]
    data = firms[~((firms["id"] % 3 == 0) & (firms["year"] == 1980))] if "_gap_" in key else firms
    column, expected = fitted(data, formula, vcov, options), stata[key]
    scalars = expected["e"]
    for name, value in expected["coef"].items():
        term = column.term(NAMES.get(name, name))
        # Stata's file is printed with 15 digits and both sides round in the weights.
        assert term.estimate == pytest.approx(value, rel=1e-8)
        assert term.se == pytest.approx(expected["se"][name], rel=1e-8)
    assert len(column.terms) == len(expected["coef"])
    assert (column.n, column.units) == (scalars["N"], scalars["N_g"])
    exact = scalars.get("sar_df") == 0
    for name, ours in STATS.items():
        if name in scalars and scalars[name] is not None and not exact:
            # p-values of 1e-20 amplify the rounding of their statistic.
            assert column.stats[ours] == pytest.approx(scalars[name], rel=1e-8 if scalars[name] > 1e-9 else 1e-6)
    if "sargan" in scalars and not exact:
        convention = "sargan" if "h" in scalars else "sargan_xtabond"
        assert column.stats[convention] == pytest.approx(scalars["sargan"], rel=1e-8)
    if exact:
        assert column.stats["sargan_df"] == 0
        assert column.stats["sargan_p"] is None
        assert abs(float(str(column.stats["sargan"]))) < 1e-12


def test_the_two_sargan_conventions_differ_by_the_divisor_of_the_error_variance(firms: pd.DataFrame) -> None:
    stats = fitted(firms, "n ~ L1.n", "iid", {"gmm": "n:2:99"}).stats
    # 751 differenced rows, one coefficient; xtabond2 prints 157.6359, xtabond 157.4260.
    assert stats["sargan"] == pytest.approx(157.635948960951, rel=1e-10)
    assert stats["sargan_xtabond"] == pytest.approx(157.426047564184, rel=1e-10)
