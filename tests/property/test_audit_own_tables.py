"""Tables that our estimators compute and our exhibits print pass every rule, at every number of decimals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from citypanel.declare.methods import OPTIONS
from citypanel.declare.specification import Specification
from citypanel.estimate.analysis import estimate_analysis
from citypanel.exhibits.csv_ import to_csv
from citypanel.exhibits.render import render_table
from citypanel.ledger.audit import audit_folder, read_folder
from citypanel.ledger.messages import sentence

CONTROLS = ["x1", "x2", "x3"]


def panel(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    units, periods = int(rng.integers(25, 45)), int(rng.integers(6, 11))
    city, year = np.repeat(np.arange(units), periods), np.tile(2000 + np.arange(periods), units)
    x = rng.normal(size=(units, 3))[city] + rng.normal(size=(city.size, 3))
    y = x @ rng.normal(size=3) * 0.3 + rng.normal(size=units)[city] + rng.normal(size=city.size)
    return pd.DataFrame({"city": city, "year": year, "y": y, **{name: x[:, j] for j, name in enumerate(CONTROLS)}})


def printed(folder: Path, frame: pd.DataFrame, *, vcov: str, digits: int, beneath: str) -> None:
    """Write the descriptive table, the correlations and a regression table as exhibits do."""

    def record(method: str, *formulas: str):
        options = OPTIONS[method]()
        specifications = [
            Specification(method, formula, options, unit="city", time="year", vcov=vcov if method == "linear" else None)
            for formula in formulas
        ]
        return estimate_analysis(frame, specifications, study="made_up", analysis=method)

    everything = " + ".join(["y", *CONTROLS])
    slopes = " + ".join(CONTROLS)
    formulas = [
        "y ~ x1",
        f"y ~ {slopes}",
        f"y ~ {slopes} | year",
        f"y ~ {slopes} | city",
        f"y ~ {slopes} | city + year",
    ]
    exhibits = {
        "table1": (record("describe", everything), {"kind": "descriptives"}),
        "table2": (record("correlate", everything), {"kind": "correlations"}),
        "table3": (record("linear", *formulas), {"kind": "regression", "parentheses": beneath}),
    }
    for name, (made, exhibit) in exhibits.items():
        if name == "table3":
            exhibit["statistics"] = ["n", "r2", "r2_adj", "f"]
        digits_shown = {} if name == "table2" else {"digits": digits}
        table = render_table([made], {**exhibit, **digits_shown, "title": {"en": name, "zh": name}, "labels": {}}, "en")
        (folder / f"{name}.csv").write_text(to_csv(table), encoding="utf-8")
    claims = [
        ("units", frame["city"].nunique()),
        ("years", f"2000-{frame['year'].max()}"),
        ("balanced", "yes"),
        ("outcome", "y"),
    ]
    if vcov.startswith("cluster"):
        claims.append(("clusters", frame["city"].nunique()))
    lines = ["study,claim,table,column,row,value,place", *(f",{kind},,,,{value}," for kind, value in claims)]
    (folder / "claims.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("digits", [2, 3, 4])
@pytest.mark.parametrize(
    ("vcov", "beneath"), [("iid", "se"), ("hetero", "t"), ("cluster:city", "se"), ("cluster:city", "p")]
)
def test_our_own_tables_pass_every_rule(tmp_path, vcov, beneath, digits) -> None:
    for seed in range(2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        printed(folder, panel(seed), vcov=vcov, digits=digits, beneath=beneath)
        cells, _, problems = read_folder(folder)
        assert not problems
        assert {"coef", "stat", "info", "value", "pearson_r"} <= {cell.statistic for cell in cells}
        findings = audit_folder(folder)
        wrong = [sentence(finding, "en") for finding in findings if finding.verdict == "inconsistent"]
        assert not wrong, wrong
        checked = {finding.rule for finding in findings if finding.verdict == "consistent"}
        assert {"stars", "adj_r2", "n_cells", "moments", "r_stars", "psd", "vif", "ols_from_moments"} <= checked
