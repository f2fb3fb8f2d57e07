"""RCA, ECI and fitness on matrices whose answers are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.indicators import ComplexityOptions
from citypanel.errors import InputError
from citypanel.indicators.commands import run_complexity, run_rca
from citypanel.indicators.complexity import (
    UnconnectedError,
    city_complexity,
    complexity,
    fitness,
    presence,
    rca,
)

# Economy 0 makes everything, 2 only what all make: a nested matrix.
NESTED = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=bool)


def test_rca_is_the_share_over_the_world_share() -> None:
    found = rca(np.array([[1.0, 3.0], [10.0, 10.0], [0.0, 0.0]]))
    assert found[:2] == pytest.approx(np.array([[6 / 11, 18 / 13], [12 / 11, 12 / 13]]))
    assert np.isnan(found[2]).all()


def test_an_rca_of_exactly_one_is_presence() -> None:
    assert presence(np.array([[1.0, np.nextafter(1, 0), np.nan, 2.0]])).tolist() == [[True, False, False, True]]


def test_eci_is_the_second_eigenvector_standardised_with_the_sign_of_diversity() -> None:
    draw = np.random.default_rng(3)
    present = draw.random((12, 40)) < np.linspace(0.15, 0.8, 12)[:, None]
    found = complexity(present, "own", ddof=1)
    d, u = present.sum(axis=1), present.sum(axis=0)
    used = u > 0
    m = present[:, used].astype(float)
    values, vectors = np.linalg.eig((m / d[:, None]) @ (m / u[used]).T)
    k = np.real(vectors[:, np.argsort(np.real(values))[-2]])
    k *= np.sign(np.corrcoef(k, d)[0, 1])
    assert found.eci == pytest.approx((k - k.mean()) / k.std(ddof=1), abs=1e-10)
    assert np.corrcoef(found.eci, d)[0, 1] > 0
    assert np.nanmean(found.pci) == pytest.approx(0.0, abs=1e-12)
    assert np.nanstd(found.pci, ddof=1) == pytest.approx(1.0)
    assert np.isnan(found.pci[~used]).all()


def test_on_the_scale_of_eci_an_economy_is_the_mean_of_its_products() -> None:
    draw = np.random.default_rng(4)
    present = draw.random((10, 30)) < 0.5
    found = complexity(present)
    means = (present * found.pci).sum(axis=1) / present.sum(axis=1)
    assert means == pytest.approx(found.eci, abs=1e-10)


def test_economies_without_a_common_product_are_refused() -> None:
    with pytest.raises(UnconnectedError, match="groups that share no product"):
        complexity(np.kron(np.eye(2, dtype=bool), NESTED))
    with pytest.raises(UnconnectedError, match="at least three are needed"):
        complexity(NESTED[:2])


def test_fitness_is_a_fixed_point_of_its_map() -> None:
    draw = np.random.default_rng(7)
    present = draw.random((8, 25)) < 0.6
    present = present[:, present.any(axis=0)]
    found = fitness(present)
    assert found.settled
    f, q = np.ones(8), np.ones(present.shape[1])
    for _ in range(3000):
        f, q = (present * q).sum(axis=1), 1 / (present / f[:, None]).sum(axis=0)
        f, q = f / f.mean(), q / q.mean()
    assert found.fitness == pytest.approx(f, abs=1e-9)
    assert found.complexity == pytest.approx(q, abs=1e-9)


def test_fitness_that_falls_to_zero_stops_when_ranks_are_stable() -> None:
    found = fitness(NESTED)
    assert not found.settled
    assert found.fitness.argsort().tolist() == [2, 1, 0]
    assert np.isfinite(found.fitness).all()


def test_economies_without_presence_have_no_fitness() -> None:
    found = fitness(np.array([[1, 1], [1, 0], [0, 0]], dtype=bool))
    assert np.isnan(found.fitness).tolist() == [False, False, True]


TRADE = """exporter,product,year,value
A,01,2001,6
A,02,2001,5
A,03,2001,4
B,01,2001,4
B,02,2001,4
C,01,2001,9
NA,03,2002,1
"""


def test_rca_is_written_for_the_rows_of_the_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TRADE)
    (path,) = run_rca(tmp_path / "t.csv", tmp_path / "rca.csv")
    found = pd.read_csv(path, dtype={"product": str}, keep_default_na=False)
    assert found.columns.tolist() == ["exporter", "product", "year", "rca"]
    first = found.iloc[0]
    assert (first["exporter"], first["product"]) == ("A", "01")
    assert first["rca"] == pytest.approx((6 / 15) / (19 / 32))
    assert found["exporter"].tolist()[-1] == "NA"


def test_a_year_that_falls_apart_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TRADE)
    with pytest.raises(InputError, match=r"t.csv, year 2001: the economies fall apart into groups"):
        run_complexity(tmp_path / "t.csv", tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_the_complexity_of_cities_says_which_years_have_none(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    rows = [
        {"hs8": f"{product:02d}010000", "year": 2010, "city": 320000 + 100 * city, "value_usd": draw.lognormal()}
        for city in range(8)
        for product in range(1, 20)
    ]
    rows += [{"hs8": "01010000", "year": 2011, "city": 320100, "value_usd": 1.0}]
    rows += [{"hs8": "01010000", "year": 2011, "city": None, "value_usd": 1.0}]
    frame = pd.DataFrame(rows)
    frame["city_producing"] = frame.pop("city").astype("Int32")
    frame.to_parquet(tmp_path / "exports.parquet")
    found = city_complexity(tmp_path / "exports.parquet", ComplexityOptions(level="hs2"))
    assert found.columns.tolist() == ["adcode", "year", "eci", "fitness", "diversity"]
    whole = found[found["year"] == 2010]
    assert whole["eci"].mean() == pytest.approx(0.0, abs=1e-12)
    assert whole["eci"].std(ddof=0) == pytest.approx(1.0)
    assert found[found["year"] == 2011]["eci"].isna().all()
    reasons = [line["reason"] for line in found.attrs["accounting"]]
    assert "no ECI: 1 economies have a comparative advantage; at least three are needed" in reasons
    assert found.attrs["accounting"][1] == {"reason": "city unmapped", "rows": 1, "value": 1.0}
