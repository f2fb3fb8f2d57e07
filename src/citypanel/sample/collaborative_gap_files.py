"""The raw folder of collaborative_gap: patent exports, a long yearbook, and the truth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from citypanel.arrays import Matrix
from citypanel.sample.applicants import FOREIGN, Draws, pools_of
from citypanel.sample.collaborative_gap import BEFORE, EFFECT, SCALE, YEARS, GapCities, gap_cities
from citypanel.sample.collaborative_gap_ingredients import (
    GOODS,
    SECTORS,
    employment_for,
    investment_for,
    prices_for,
)
from citypanel.sample.incopat import write_applications
from citypanel.sample.long_yearbook import Series, write_long_yearbook
from citypanel.sample.patents import Applications
from citypanel.sample.printing import write_variables
from citypanel.sample.truth_tables import write_table
from citypanel.sample.two_way import fixed_effects_slope

DIVISORS = {"tiny": 60, "default": 12, "full": 1}  # what joint applications are divided by
NORMAL_QUANTILES = {"0.1": -1.2815515655446004, "0.25": -0.6744897501960817, "0.5": 0.0}
# Labels of ready-made series, as a vendor prints them: label, variable. All other mechanisms are computed.
MADE = {"rd_staff_flow": ("研发人员流动量", "rd_staff_flow"), "rd_fund_flow": ("研发资金流动量", "rd_fund_flow")}
Pairs = Mapping[int, Mapping[tuple[int, int], int]]


def write_collaborative_gap(folder: Path, preset: str, seed: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Write the raw files of these kinds and return what is true."""
    divisor = DIVISORS[preset]
    cities = gap_cities(seed, divisor)
    truth: dict[str, Any] = {"files": {}, **_stated(cities, divisor)}
    if "patents" in kinds:
        applications = _applications(cities, seed)
        files, joint, seats = write_applications(folder / "patents", applications, seed)
        truth["files"] |= files
        truth |= {"joint_inventions": joint, "seats_of_applicants": seats}
        _state_what_pairs_tell(truth["effects"], cities, applications.pairs)
    if "yearbook" in kinds:
        name = "yearbook/city_yearbook_2010_2020.csv"
        truth["files"][name] = write_long_yearbook(folder / name, cities.where, YEARS, _series(cities, seed), seed)
        labels = [(label, variable, "指数", 0) for label, variable in MADE.values()]
        write_variables(folder / "yearbook" / "variables.csv", labels)
    _write_cities(folder, cities)
    return truth


def _applications(cities: GapCities, seed: int) -> Applications:
    draws = Draws(np.random.default_rng([seed, 62]))
    codes = cities.where.adcode.tolist()
    sizes = [5 + int(2.2 * np.sqrt(total)) for total in cities.joint.sum(axis=1).tolist()]
    by_year = np.column_stack([cities.before, cities.joint])
    counts = {year: dict(zip(codes, by_year[:, t].tolist(), strict=True)) for t, year in enumerate((*BEFORE, *YEARS))}
    return Applications(counts, pools_of(cities.where, sizes, draws), list(FOREIGN), draws)


def _stated(cities: GapCities, divisor: int) -> dict[str, Any]:
    """Return effects of one joint application per 10,000 residents, in the divided unit of the files."""
    x, slope = cities.intensity, cities.slope[:, None]

    def of(rows: "np.typing.NDArray[np.bool_]") -> float:
        return fixed_effects_slope((slope * x)[rows], x[rows])

    everyone = np.ones(len(x), dtype=bool)
    upper = {str(round(1 - float(q), 2)): -z for q, z in NORMAL_QUANTILES.items()}
    return {
        "joint_applications_divided_by": divisor,
        "effects": {
            "mean_of_cities": float(cities.slope.mean()),
            "typical_city": EFFECT * divisor,
            "fixed_effects": of(everyone),
            "by_split": {name: {"yes": of(rows), "no": of(~rows)} for name, rows in cities.splits.items()},
            "by_quantile": {
                q: of(everyone) + SCALE[1] * divisor * z for q, z in sorted({**NORMAL_QUANTILES, **upper}.items())
            },
            "frontier": -fixed_effects_slope(np.log(cities.income) - cities.noise, x),
            "mechanisms": {name: fixed_effects_slope(m, x) for name, m in cities.mechanisms.moved.items()},
        },
        "splits": {name: cities.where.adcode[rows].tolist() for name, rows in cities.splits.items()},
    }


def _state_what_pairs_tell(effects: dict[str, Any], cities: GapCities, pairs: Pairs) -> None:
    """Add the effect on ties, which are counted from the same patents, and what the instrument finds without noise.

    Ties are ln(1 + joint inventions with other cities). The instrument weighs partners' growth by joint inventions of
    the years before the sample; with effects that differ by city it weighs cities in its own way.
    """
    tables = {year: _matrix(cities, pairs[year]) for year in (*BEFORE, *YEARS)}
    strength = np.stack([tables[year].sum(axis=1) for year in YEARS], axis=1)
    x = cities.intensity
    effects["mechanisms"]["ties"] = fixed_effects_slope(np.log1p(strength), x)
    base = sum(tables[year] for year in BEFORE) / len(BEFORE)
    without = cities.before.mean(axis=1) - base
    exposed = [
        np.divide(base * (cities.joint[:, t] - tables[year]), without, out=np.zeros_like(base), where=without > 0)
        for t, year in enumerate(YEARS)
    ]
    instrument = np.stack([each.sum(axis=1) for each in exposed], axis=1) / cities.population
    found = fixed_effects_slope(cities.slope[:, None] * x, instrument) / fixed_effects_slope(x, instrument)
    effects["instrumented"] = found


def _matrix(cities: GapCities, pairs: Mapping[tuple[int, int], int]) -> Matrix:
    at = {code: i for i, code in enumerate(cities.where.adcode.tolist())}
    result = np.zeros((len(at), len(at)))
    for (first, second), count in pairs.items():
        result[at[first], at[second]] = result[at[second], at[first]] = count
    return result


def _series(cities: GapCities, seed: int) -> tuple[Series, ...]:
    """Return the yearbook's series: GDP per head carries the gap, the others controls and mechanisms."""
    v = cities.values
    gdp = cities.income * cities.population
    secondary = 90 / (1 + v["stru"])
    return (
        Series("地区生产总值", "万元", gdp, 6),
        Series("人均地区生产总值", "元", cities.income, 8),
        Series("年末户籍人口", "万人", cities.population, 6),
        Series("行政区域土地面积", "平方公里", v["area"], 4),
        Series("普通高校在校学生", "人", v["human"] * cities.population * 1e4, 0),
        Series("地方一般公共预算支出", "万元", v["fiscal"] * gdp, 4),
        Series("实际使用外资(人民币)", "万元", v["fdi"] * gdp, 4, missing=0.02),
        Series("人均城市道路面积", "平方米", v["infra"], 6),
        Series("年末金融机构存款余额", "万元", 0.6 * gdp * v["fin"], 4),
        Series("年末金融机构贷款余额", "万元", 0.4 * gdp * v["fin"], 4),
        Series("城镇化率", "%", 100 * v["urban"], 8),
        Series("第二产业增加值占比", "%", secondary, 10),
        Series("第三产业增加值占比", "%", secondary * v["stru"], 10),
        Series("夜间灯光总值", "DN", v["light"] * cities.population, 4),
        *_ingredients(cities, np.random.default_rng([seed, 65])),
        *(Series(label, "指数", cities.mechanisms.outcomes[name], 8) for name, (label, _) in MADE.items()),
    )


def _ingredients(cities: GapCities, rng: np.random.Generator) -> tuple[Series, ...]:
    """Return what mechanisms are computed from: grants, investment, labour, employment by sector, prices."""
    made = cities.mechanisms
    employment = employment_for(made.outcomes["specialisation"], 0.3 * made.labour, rng)
    prices = prices_for(made.outcomes["integration"], cities.where, rng)
    return (
        Series("发明专利授权量", "件", made.grants * cities.population, 0),
        Series("固定资本形成总额", "万元", investment_for(made.capital), 4),
        Series("全社会就业人员", "万人", made.labour, 8),
        *(Series(f"{name}从业人员", "万人", employment[:, :, s], 8) for s, name in enumerate(SECTORS)),
        *(Series(f"{name}零售价格指数", "上年=100", prices[:, :, k], 8) for k, name in enumerate(GOODS)),
    )


def _write_cities(folder: Path, cities: GapCities) -> None:
    marks, outcomes = list(cities.splits), cities.mechanisms.outcomes
    rows = (
        (
            int(code), year, repr(float(cities.gap[i, t])), int(cities.joint[i, t]),
            repr(float(cities.intensity[i, t])), repr(float(cities.slope[i])),
            *(int(cities.splits[name][i]) for name in marks),
            *(repr(float(each[i, t])) for each in outcomes.values()),
        )
        for i, code in enumerate(cities.where.adcode)
        for t, year in enumerate(YEARS)
    )  # fmt: skip
    header = ("adcode", "year", "true_gap", "joint", "intensity", "effect_of_intensity", *marks, *outcomes)
    write_table(folder / "truth_cities.csv", header, rows)
