"""Stata files against another reader, firms, records and true quality against hand examples."""

from pathlib import Path

import numpy as np
import pyreadstat
import pytest

from citypanel.sample.demand import Flows
from citypanel.sample.panels import draw_panel
from citypanel.sample.prefectures import prefectures
from citypanel.sample.shipments import exporters
from citypanel.sample.stata import StataFile, Variable
from citypanel.sample.true_quality import TrueQuality


def test_another_program_reads_the_stata_file(tmp_path: Path) -> None:
    path = tmp_path / "t.dta"
    names = np.array([text.encode("gb18030") for text in ("昆山华源电子有限公司", "甲")])
    with StataFile(path, [Variable("_起运国或目的国"), Variable("_经营单位", 40)]) as file:
        file.add({"_起运国或目的国": np.array([110.0, np.nan]), "_经营单位": names})
        file.add({"_起运国或目的国": np.array([502.5]), "_经营单位": np.array([b""])})
    frame, about = pyreadstat.read_dta(str(path), encoding="GB18030")
    assert list(frame.columns) == ["_起运国或目的国", "_经营单位"]
    assert frame["_经营单位"].tolist() == ["昆山华源电子有限公司", "甲", ""]
    assert frame["_起运国或目的国"].isna().tolist() == [False, True, False]
    assert frame["_起运国或目的国"].dropna().tolist() == [110.0, 502.5]
    assert about.number_rows == 3


def test_firm_codes_are_unique_and_begin_with_the_customs_area() -> None:
    where = prefectures("smart_city")
    firms = exporters(np.full(len(where), 30), where, np.random.default_rng(1))
    assert len(np.unique(firms.code)) == len(firms.code) == 30 * 220
    assert (firms.code // 1_000_000 == where.area[firms.city]).all()
    assert (firms.code // 10_000 % 10 == firms.ownership).all()
    assert (firms.place // 10 == where.area[firms.city]).all()


def test_true_quality_of_a_city_is_the_mean_by_value_of_scaled_quality() -> None:
    # Product 0 runs from 1 to 3, product 1 from 0 to 10. City 0: (10 x 0 + 30 x 1 + 60 x 0.2) / 100 = 0.42.
    total = TrueQuality(cities=2, products=2, years=1)
    city, product = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 0, 1, 1])
    quality = np.array([1.0, 3.0, 2.0, 2.0, 0.0, 10.0])
    value = np.array([10, 30, 60, 50, 25, 25])
    total.add(0, city, product, Flows(np.arange(6), quality, value, value))
    assert total.of_cities()[:, 0] == pytest.approx([0.42, (50 * 0.5 + 25) / 100])
    # One more unit of ln quality is worth 1/2 in product 0 and 1/10 in product 1.
    assert total.of_shift(np.ones((2, 1)))[0, 0] == pytest.approx((40 / 2 + 60 / 10) / 100)


@pytest.mark.parametrize(
    ("study", "rows", "outcome"),
    [
        ("smart_city", 220 * 7, "quality"),
        ("ip_model_city", 271 * 12, "expy"),
        ("collaborative_gap", 280 * 11, "gap"),
        ("yrd_cooperation", 410, "quality"),
    ],
)
def test_panels_have_the_studies_size_and_differ_by_seed(study: str, rows: int, outcome: str) -> None:
    one, other = draw_panel(study, 1), draw_panel(study, 2)
    assert len(one.frame) == rows
    assert one.frame.notna().all().all()
    assert (one.frame[outcome] != other.frame[outcome]).any()
    assert one.frame.equals(draw_panel(study, 1).frame)


def test_a_spatial_lag_is_the_reduced_form_of_the_same_draw() -> None:
    w = np.full((41, 41), 1 / 40)
    np.fill_diagonal(w, 0)
    plain = draw_panel("yrd_cooperation", 3).frame["quality"].to_numpy().reshape(41, 10)
    drawn = draw_panel("yrd_cooperation", 3, w)
    lagged = drawn.frame["quality"].to_numpy().reshape(41, 10)
    assert lagged - drawn.truth["rho"] * w @ lagged == pytest.approx(plain, rel=1e-12)
