"""Drawn panels: what each design says is true is in the rows, and a panel depends on its seed and number alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from citypanel.canonical import read_origin
from citypanel.errors import InputError
from citypanel.sample.designs import DESIGNS, known_designs
from citypanel.sample.draws import Plan, draw_seed, write_draws
from citypanel.sample.panels import draw_panel
from citypanel.sample.smart_city import BATCHES
from citypanel.sample.tables import target_panel

OUTCOME = {"smart_city": "quality", "ip_model_city": "expy", "collaborative_gap": "gap", "yrd_cooperation": "quality"}
SIZE = {
    "smart_city": (220, 12),
    "ip_model_city": (271, 12),
    "collaborative_gap": (280, 11),
    "yrd_cooperation": (41, 10),
}
ALL = [(study, design) for study, known in DESIGNS.items() for design in known]


def ring(cities: int = 41) -> np.ndarray:  # type: ignore[type-arg]
    """Return weights of a ring: the two neighbours count one half each."""
    one = np.eye(cities)
    return (np.roll(one, 1, axis=1) + np.roll(one, -1, axis=1)) / 2


def wide(study: str, seed: int, design: str, column: str | None = None) -> np.ndarray:  # type: ignore[type-arg]
    frame = draw_panel(study, seed, design).frame
    return frame[column or OUTCOME[study]].to_numpy().reshape(frame["city"].nunique(), -1)


@pytest.mark.parametrize(("study", "design"), ALL)
def test_panels_have_the_studys_size_and_differ_by_seed(study: str, design: str) -> None:
    one, other = draw_panel(study, 1, design), draw_panel(study, 2, design)
    cities, years = SIZE[study]
    assert len(one.frame) == cities * (7 if design == "recorded_years" else years)
    assert one.frame.notna().all().all()
    assert (one.frame[OUTCOME[study]] != other.frame[OUTCOME[study]]).any()
    assert one.frame.equals(draw_panel(study, 1, design).frame)


@pytest.mark.parametrize("study", ["smart_city", "ip_model_city"])
@pytest.mark.parametrize("design", ["main", "growing_effect"])
def test_a_design_without_effect_differs_by_the_effect_alone(study: str, design: str) -> None:
    added = wide(study, 3, design) - wide(study, 3, "no_effect")
    did = wide(study, 3, design, "did") == 1
    truth = draw_panel(study, 3, design).truth
    assert added[~did] == pytest.approx(0, abs=1e-12)
    assert added[did].min() > 0
    assert added[did].mean() == pytest.approx(truth["att"], rel=1e-9)
    assert draw_panel(study, 3, "no_effect").truth["att"] == 0


def test_effects_by_time_since_the_start_are_means_of_the_added_effect() -> None:
    added = wide("smart_city", 3, "growing_effect") - wide("smart_city", 3, "no_effect")
    since = np.arange(2010, 2022) - wide("smart_city", 3, "main", "cohort")
    truth = draw_panel("smart_city", 3, "growing_effect").truth
    for k in range(4):
        assert added[since == k].mean() == pytest.approx(truth[f"t+{k}"], rel=1e-9)
    assert added[(since >= 4) & (since < 2000)].mean() == pytest.approx(truth["t+4"], rel=1e-9)


def test_what_the_lag_and_the_pilots_leave_of_quality_is_noise_of_the_stated_size() -> None:
    quality, did = (wide("smart_city", 4, "dynamic", column) for column in ("quality", "did"))
    truth = draw_panel("smart_city", 4, "dynamic").truth
    controls = {name: wide("smart_city", 4, "dynamic", name)[:, 1:] for name in ("ia", "edu", "fdi")}
    rest = quality[:, 1:] - truth["persistence"] * quality[:, :-1] - truth["did"] * did[:, 1:]
    rest -= sum(truth[name] * values for name, values in controls.items())
    # City effects remain; 2,420 draws know a standard deviation to 1.4% (one standard error).
    assert (rest - rest.mean(axis=1, keepdims=True)).std(ddof=220) == pytest.approx(0.02, rel=0.06)


def test_the_strength_of_the_instrument_is_what_the_designs_differ_in() -> None:
    strength = {}
    for design in ("endogenous", "weak_instrument"):
        panel = draw_panel("smart_city", 5, design).frame.drop_duplicates("city")
        assert panel["cohort"].value_counts().drop(0).to_dict() == BATCHES
        strength[design] = abs(np.log(panel["ruggedness"]).corr((panel["cohort"] > 0).astype(float)))
    assert strength["endogenous"] > 0.4
    assert strength["weak_instrument"] < 0.25


def test_the_slope_at_a_quantile_is_the_slope_of_that_quantile_of_the_noise() -> None:
    truth = draw_panel("collaborative_gap", 6, "one_slope").truth
    assert truth["fixed_effects"] == pytest.approx(-0.05, abs=1e-12)
    assert truth["q0.9"] == pytest.approx(-0.05 + 0.06 * 1.2815515655446004, abs=1e-12)
    assert truth["q0.1"] + truth["q0.9"] == pytest.approx(2 * truth["q0.5"], abs=1e-12)


def test_spatial_outcomes_are_the_reduced_forms_of_the_same_draw() -> None:
    w = ring()
    inno = target_panel().columns["inno"]
    plain = draw_panel("yrd_cooperation", 3)
    regressor = plain.frame["inno"].to_numpy().reshape(41, 10)
    drawn = {m: draw_panel("yrd_cooperation", 3, f"{m}:near", {"near": w}) for m in ("sar", "sem", "sdm")}
    outcome = {m: panel.frame["quality"].to_numpy().reshape(41, 10) for m, panel in drawn.items()}
    base = plain.frame["quality"].to_numpy().reshape(41, 10)
    rho = drawn["sar"].truth["rho"]
    assert inno.sum() == pytest.approx(regressor.sum())
    assert outcome["sar"] - rho * w @ outcome["sar"] == pytest.approx(base, rel=1e-12)
    durbin = base + drawn["sdm"].truth["neighbours"] * w @ regressor
    assert outcome["sdm"] - rho * w @ outcome["sdm"] == pytest.approx(durbin, rel=1e-12)
    # The error design filters the noise alone: its difference to the plain one is that of the noise.
    noise = (np.eye(41) - 0.3 * w) @ (outcome["sem"] - base) / 0.3
    assert noise.std() == pytest.approx(0.03 * np.sqrt(0.5), rel=0.15)


def test_effects_of_spatial_designs_are_the_derivatives_of_the_outcome() -> None:
    truth = draw_panel("yrd_cooperation", 1, "sdm:near", {"near": ring()}).truth
    # Rows sum to one, so the total effect is (b + theta)/(1 - rho) whatever the weights.
    assert truth["total"] == pytest.approx((0.02 + 0.01) / 0.7, rel=1e-12)
    assert truth["direct"] + truth["indirect"] == pytest.approx(truth["total"], rel=1e-12)
    assert truth["direct"] > truth["inno"]


def test_unknown_designs_and_weights_of_other_cities_are_one_line() -> None:
    with pytest.raises(InputError, match="design 'none' of smart_city is not known; there are main, recorded_years"):
        draw_panel("smart_city", 1, "none")
    with pytest.raises(InputError, match="'sar:near' of yrd_cooperation is not known; there are main, no_effect$"):
        draw_panel("yrd_cooperation", 1, "sar:near")
    with pytest.raises(InputError, match=r"weights are \(3, 3\); allowed: \(41, 41\)"):
        draw_panel("yrd_cooperation", 1, "sar:near", {"near": ring(3)})
    with pytest.raises(InputError, match="no simulated world"):
        known_designs("fifth")


def drawn(folder: Path, numbers: range, columns: tuple[str, ...] | None = None) -> Path:
    folder.mkdir()
    paths = folder / "panels.parquet", folder / "truth.parquet"
    write_draws(Plan("smart_city", ("main", "recorded_years"), numbers, 9, columns), *paths, {})
    return paths[0]


def test_a_panel_depends_on_its_seed_and_number_alone(tmp_path: Path) -> None:
    whole, part = drawn(tmp_path / "whole", range(4)), drawn(tmp_path / "part", range(2, 4))
    rows = pd.read_parquet(whole)
    assert rows[rows["draw"] >= 2].reset_index(drop=True).equals(pd.read_parquet(part))
    truth = pd.read_parquet(whole.with_name("truth.parquet"))
    assert truth[truth["draw"] >= 2].reset_index(drop=True).equals(pd.read_parquet(part.with_name("truth.parquet")))
    single = draw_panel("smart_city", draw_seed(9, 2), "main").frame
    mine = rows[(rows["draw"] == 2) & (rows["design"] == "main")]
    assert mine["quality"].tolist() == single["quality"].tolist()
    assert pq.ParquetFile(whole).num_row_groups == 8
    assert read_origin(whole).simulated


def test_neighbouring_seeds_share_no_panel() -> None:
    assert len({draw_seed(seed, draw) for seed in range(30) for draw in range(30)}) == 900


def test_only_the_columns_asked_for_are_written(tmp_path: Path) -> None:
    path = drawn(tmp_path / "few", range(1), ("quality", "did", "nothing"))
    assert pq.ParquetFile(path).schema_arrow.names == ["design", "draw", "city", "year", "quality", "did"]


def test_weights_of_other_cities_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    weights = tmp_path / "w.csv"
    weights.write_text("320100,320200\n0,1\n1,0\n", encoding="utf-8")
    paths = tmp_path / "p.parquet", tmp_path / "t.parquet"
    with pytest.raises(InputError, match=r"w\.csv: the header names 2 cities; allowed: the 41 of yrd_cooperation"):
        write_draws(Plan("yrd_cooperation", ("sar:near",), range(1), 1), *paths, {"near": weights})
    assert not any(path.exists() for path in paths)


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(small_disk: Path) -> None:
    paths = small_disk / "panels.parquet", small_disk / "truth.parquet"
    with pytest.raises(
        InputError, match=r"panels\.parquet cannot be written: .*; free some space or draw fewer panels"
    ):
        write_draws(Plan("smart_city", ("main",), range(50), 1), *paths, {})
    assert list(small_disk.iterdir()) == []
