"""The panel in the package returns the printed tables: 349 numbers, under the conventions that were stated with it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.sample.tables import target_panel

CONTROLS = ["gdp", "open", "fin", "wage", "human", "stru", "infor", "infra", "tech"]
COLUMNS = ((True, True, []), (True, False, CONTROLS), (False, True, CONTROLS), (False, False, CONTROLS))
Fit = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    panel = target_panel()
    return pd.DataFrame({"city": panel.adcode, "year": panel.year, **panel.columns})


def _fit(data: pd.DataFrame, outcome: str, column: tuple[bool, bool, list[str]]) -> Fit:
    """Least squares on dummies (bases 310000 and 2011), HC1 with every dummy counted, Wald F of all terms."""
    years, cities, controls = column
    names = ["Constant", "inno", *controls]
    design = [np.ones(len(data)), *(data[name].to_numpy() for name in names[1:])]
    if years:
        design += [(data.year == year).to_numpy(float) for year in range(2012, 2021)]
    if cities:
        design += [(data.city == city).to_numpy(float) for city in sorted(data.city.unique())[1:]]
    x, y = np.column_stack(design), data[outcome].to_numpy()
    n, k = x.shape
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    rest = y - x @ beta
    bread = np.linalg.inv(x.T @ x)
    variance = bread @ ((x * rest[:, None] ** 2).T @ x) @ bread * n / (n - k)
    t = beta / np.sqrt(np.diag(variance))
    r2 = 1 - rest @ rest / ((y - y.mean()) @ (y - y.mean()))
    wald = beta[1:] @ np.linalg.solve(variance[1:, 1:], beta[1:]) / (k - 1)
    found: Fit = {(name, "coef"): beta[i] for i, name in enumerate(names)}
    found |= {(name, what): t[i] for i, name in enumerate(names) for what in ("t_HC1", "t_const")}
    return found | {("R2", "R2"): r2, ("R2a", "R2a"): 1 - (1 - r2) * (n - 1) / (n - k), ("F", "F"): wald}


def _tables(data: pd.DataFrame) -> dict[str, Fit]:
    columns = (*COLUMNS, (True, True, CONTROLS))
    winsorised = data.copy()
    for name in ["quality", "inno", *CONTROLS]:
        ordered = np.sort(data[name])
        winsorised[name] = data[name].clip(ordered[4], ordered[405])
    tables = {
        f"{table}({i})": _fit(data, outcome, column)
        for table, outcome in (("T4", "quality"), ("T6", "tcf"))
        for i, column in enumerate(columns, start=1)
    }
    tables["T5(1)"] = _fit(winsorised, "quality", columns[4])
    names = ["quality", "inno", *CONTROLS]
    summary = {"Mean": np.mean, "SD": np.std, "Min": np.min, "Median": np.median, "Max": np.max}
    tables["T2"] = {(v, s): float(f(data[v].to_numpy())) for v in names for s, f in summary.items()}
    tables["T2"] |= {(v, "SD"): float(data[v].std(ddof=1)) for v in names}
    correlation = data[names].corr()
    tables["T3"] = {(a, b): float(correlation.loc[a, b]) for a in names for b in names}
    return tables


def test_all_349_printed_numbers_come_out_of_the_panel(data: pd.DataFrame, shared: Callable[..., Path]) -> None:
    printed = pd.read_csv(shared("calibration", "printed_vs_obtained.csv"), dtype={"printed": str})
    tables = _tables(data)
    assert len(printed) == 349
    for row in printed.itertuples():
        kind = row.row if row.row in {"R2", "R2a", "F"} else row.what
        value = tables[row.table][row.row, kind]
        decimals = len(row.printed.partition(".")[2])
        assert round(value, decimals) == float(row.printed), (row.table, row.row, row.what, value)
