"""Stata files against another reader, firms, records and true quality against hand examples."""

from pathlib import Path

import numpy as np
import pyreadstat
import pytest

from citypanel.sample.demand import Flows
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
