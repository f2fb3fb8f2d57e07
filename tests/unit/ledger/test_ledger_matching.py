"""Which number of ours a printed cell speaks of, for every kind of table that the papers print."""

from pathlib import Path
from typing import Any

import pytest

from citypanel.ledger.findings import Place
from citypanel.ledger.matching import Said, Target, Unmatched, Words, table_of, target_of, term_named
from citypanel.ledger.our_columns import match_columns, our_columns
from citypanel.ledger.ours import Spot, look_up
from citypanel.ledger.printed import Cell, make_cell, read_cells
from citypanel.result import ColumnResult, Record, TermResult

CONTROLS = ("eco", "fin", "fdi", "open", "urban", "ia", "edu", "infra", "market")
DISTANCE = {"en": "Inverse distance", "zh": "反距离权重"}
ECONOMIC = {"en": "Economic distance", "zh": "经济权重"}


def terms(*names: str) -> tuple[TermResult, ...]:
    return tuple(TermResult(name, 0.1, 0.05, 2.0, 0.04, 0.0, 0.2) for name in names)


def column(number: str, *names: str, **given: Any) -> ColumnResult:
    effects = given.pop("effects", ("city", "year"))
    stats = given.pop("stats", {"r2": 0.9, "r2_adj": 0.8, "f": 12.0})
    return ColumnResult(
        number, given.pop("outcome", "quality"), 100, 10, 10, None, effects, given, terms(*names), stats
    )


def exhibit(kind: str, columns: dict[str, list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    return {"kind": kind, "analyses": list(columns), "aside": [], "columns": columns, "matching": None, **more}


def plain(count: int) -> list[dict[str, Any]]:
    return [{"label": None, "instruments": False, "w": None} for _ in range(count)]


def labelled(*labels: dict[str, str] | None, w: str | None = None) -> list[dict[str, Any]]:
    return [{"label": label, "instruments": False, "w": w} for label in labels]


def targets(declared: dict[str, Any], cells: list[Cell], records: dict[str, Record], names=None) -> dict[str, Target]:
    table = table_of(
        declared, cells, records, names or {}, lambda statistic: {"z": "t", "paren": "t"}.get(statistic, statistic)
    )
    return {f"{cell.column}|{cell.row}|{cell.statistic}": target_of(cell, table) for cell in cells}


def cells(*lines: str) -> list[Cell]:
    """Return cells of `column|row|statistic|value`."""
    made = []
    for line in lines:
        label, row, statistic, value = line.split("|")
        made.append(make_cell(Place("s", "1", label, row), statistic, value))
    return made


def published(study: str, table: str) -> list[Cell]:
    root = Path(__file__).resolve().parents[3]
    found, problems = read_cells(root / "studies" / study / "published" / table)
    assert not problems
    return list(found)


def test_rows_of_a_regression_are_terms_statistics_and_effects() -> None:
    records = {"a": Record("linear", "", (column("1", "inno", "Intercept", effects=("year",)),))}
    found = targets(
        exhibit("regression", {"a": plain(1)}),
        cells(
            "(1)|inno|coef|0.1", "(1)|inno|t|2.0", "(1)|inno|se|0.05", "(1)|inno|p|0.04", "(1)|Constant|coef|3",
            "(1)|_cons|paren|3", "(1)|Observations|stat|100", "(1)|R-squared|stat|0.9", "(1)|r2_a|stat|0.8",
            "(1)|F|stat|12", "(1)|Number of ID|stat|10", "(1)|Year Effect|info|YES", "(1)|City FE|info|Yes",
            "(1)|dep_var|info|quality", "(1)|note|note|words", "(1)|wage|coef|0.1", "(1)|AR(1)|stat|2",
        ),
        records,
    )  # fmt: skip
    assert {key: (spot.part, spot.name, spot.field) for key, spot in found.items() if isinstance(spot, Spot)} == {
        "(1)|inno|coef": ("term", "inno", "estimate"),
        "(1)|inno|t": ("term", "inno", "statistic"),
        "(1)|inno|se": ("term", "inno", "se"),
        "(1)|inno|p": ("term", "inno", "p"),
        "(1)|Constant|coef": ("term", "Intercept", "estimate"),
        "(1)|_cons|paren": ("term", "Intercept", "statistic"),
        "(1)|Observations|stat": ("stat", "n", ""),
        "(1)|R-squared|stat": ("stat", "r2", ""),
        "(1)|r2_a|stat": ("stat", "r2_adj", ""),
        "(1)|F|stat": ("stat", "f", ""),
        "(1)|Number of ID|stat": ("stat", "units", ""),
    }
    assert found["(1)|Year Effect|info"] == Said("yes", agrees=True)
    assert found["(1)|City FE|info"] == Said("no", agrees=False)
    assert found["(1)|dep_var|info"] == Said("quality", agrees=True)
    assert found["(1)|note|note"] == Words()
    assert found["(1)|wage|coef"] == Unmatched("row", "wage")
    assert found["(1)|AR(1)|stat"] == Unmatched("statistic", "AR(1)")


def test_terms_go_by_name_label_constant_and_lag() -> None:
    names = {"gdp": {"en": "Economic development", "zh": "经济发展水平"}}
    known = ("gdp", "L1.quality", "Intercept")
    printed = ("GDP", "economic  development", "经济发展水平", "L.quality", "L1.quality", "常数项", "quality", "")
    assert [term_named(one, known, names) for one in printed] == [
        "gdp", "gdp", "gdp", "L1.quality", "L1.quality", "Intercept", None, None,
    ]  # fmt: skip


def test_declared_rows_come_first_and_the_first_that_a_column_has_is_taken() -> None:
    records = {
        "s": Record(
            "spatial", "", (column("1", "x", "lambda"), column("2", "x", "rho", stats={"sigma2": 1, "sigma2_z": 3}))
        )
    }
    matching = {
        "columns": {},
        "rows": {"Spatial-rho": ["rho", "lambda"], "Industry Effect": ["fe:city"], "Var": ["sigma2"]},
    }
    found = targets(
        exhibit("spatial", {"s": plain(2)}, matching=matching),
        cells(
            "(1)|Spatial-rho|coef|0.5", "(2)|Spatial-rho|coef|0.5", "(2)|Var|z|3", "(1)|Var|coef|1",
            "(1)|Industry Effect|info|YES",
        ),
        records,
    )  # fmt: skip
    assert [str(found[key]) for key in list(found)[:3]] == [
        "s.1: lambda estimate",
        "s.2: rho estimate",
        "s.2: sigma2_z",
    ]
    assert found["(1)|Var|coef"] == Unmatched("row", "Var")
    assert found["(1)|Industry Effect|info"] == Said("yes", agrees=True)


@pytest.mark.parametrize(
    ("printed", "declared", "expected"),
    [
        (["(1)", "(2)"], {}, ["1", "2"]),
        (["反距离权重 SEM", "Economic distance SAR"], {}, ["1", "2"]),
        (["反距离权重", "经济权重"], {}, ["1", "2"]),
        (["(2)"], {}, ["2"]),
        (["first", "second"], {}, ["1", "2"]),  # no name fits: the order, since both are two
        (["first"], {}, [None]),
        (["first", "second"], {"second": "s.1"}, [None, "1"]),  # once something is declared, nothing is guessed
        (["(1)", "third"], {}, ["1", None]),
    ],
)
def test_columns_go_by_declaration_number_label_and_only_then_by_order(printed, declared, expected) -> None:
    columns = labelled(DISTANCE, ECONOMIC)
    record = Record("spatial", "", (column("1", "x", model="sem"), column("2", "x", model="sar")))
    ours = our_columns(exhibit("spatial", {"s": columns}), {"s": record}, {})
    found = match_columns(printed, ours, declared)
    assert [one.number if one else None for one in found.values()] == expected


def test_labels_that_two_columns_share_are_no_names_but_numbered_ones_are() -> None:
    psm = {"en": "PSM-DID", "zh": "倾向得分匹配"}
    record = Record("psm_did", "", (column("1", "did"), column("2", "did")))
    ours = our_columns(exhibit("regression", {"psm": labelled(psm, psm)}), {"psm": record}, {})
    found = match_columns(["PSM-DID", "PSM-DID (2)"], ours, {})
    assert [one.number if one else None for one in found.values()] == [None, "2"]


def test_descriptives_and_correlations_whichever_way_round() -> None:
    described = Record(
        "describe", "", (ColumnResult("1", "", 9),), curves={"describe": [{"variable": "inno", "mean": 1.0}]}
    )
    across = targets(
        exhibit("descriptives", {"d": plain(1)}), cells("Mean|inno|value|4.271", "SD|none|value|1"), {"d": described}
    )
    down = targets(exhibit("descriptives", {"d": plain(1)}), cells("inno|均值|value|4.271"), {"d": described})
    wanted = Spot("d", "1", "curve", "describe", "mean", (("variable", "inno"),))
    assert (across["Mean|inno|value"], down["inno|均值|value"]) == (wanted, wanted)
    assert across["SD|none|value"] == Unmatched("row", "none")
    pairs = [{"row": "b", "column": "a", "r": 0.5, "p": 0.1, "n": 9}]
    correlated = Record("correlate", "", (ColumnResult("1", "", 9),), curves={"correlation": pairs})
    inflated = Record("vif", "", (column("1", "a", "b", stats={"mean_vif": 2.0}),))
    declared = exhibit("correlations", {"c": plain(1)}, aside=["v"])
    found = targets(
        declared,
        cells("a|b|pearson_r|0.5", "b|a|pearson_r|0.5", "a|VIF|value|3.1", "VIF|Mean|value|2"),
        {"c": correlated, "v": inflated},
    )
    pair = Spot("c", "1", "curve", "correlation", "r", (("row", "b"), ("column", "a")))
    assert list(found.values()) == [
        pair,
        pair,
        Spot("v", "1", "term", "a", "estimate"),
        Spot("v", "1", "stat", "mean_vif"),
    ]


def test_morans_i_and_lm_tests_by_matrix_and_effects_by_kind() -> None:
    rows = [{"column": number, "period": "2011", "I": 0.1} for number in ("1", "2")]
    moran = Record(
        "moran", "", (ColumnResult("1.2011", "y", 9), ColumnResult("2.2011", "y", 9)), curves={"moran": rows}
    )
    both = labelled(DISTANCE, ECONOMIC)
    found = targets(
        exhibit("moran", {"m": both}), cells("经济权重|2011|moran_I|0.37", "经济权重|2031|moran_I|0.37"), {"m": moran}
    )
    assert list(found.values()) == [
        Spot("m", "2", "curve", "moran", "I", (("period", "2011"),)),
        Unmatched("row", "2031"),
    ]

    tests = Record("spatial_lm", "", tuple(column(n, stats={"lm_error": 1.0, "rlm_lag": 2.0}) for n in ("1", "2")))
    durbin = Record("spatial", "", tuple(column(n, stats={"lr_vs_sar": 3.0}) for n in ("1", "2")))
    matching = {"columns": {}, "rows": {"LR (SAR)": ["lr_vs_sar"]}}
    found = targets(
        exhibit("spatial_lm", {"l": both}, aside=["d"], matching=matching),
        cells(
            "反距离权重|Spatial error: Lagrange multiplier|chi2|1",
            "反距离权重|LR (SAR)|chi2|3",
            "反距离权重|Wald|chi2|3",
        ),
        {"l": tests, "d": durbin},
    )
    assert [str(one) for one in list(found.values())[:2]] == ["l.1: lm_error", "d.1: lr_vs_sar"]
    assert found["反距离权重|Wald|chi2"] == Unmatched("row", "Wald")

    impacts = [{"column": "1", "term": "x", "effect": "indirect", "estimate": 0.1}]
    spatial = Record("spatial", "", (column("1", "x", "rho"), column("2", "x", "lambda")), curves={"impacts": impacts})
    found = targets(
        exhibit("spatial", {"s": plain(2)}),
        cells("(1)|Indirect|effect|0.1", "(1)|Indirect|z|2", "(2)|Direct|effect|—"),
        {"s": spatial},
    )
    keys = (("term", "x"), ("effect", "indirect"))
    assert found["(1)|Indirect|effect"] == Spot("s", "1", "curve", "impacts", "estimate", keys)
    assert found["(1)|Indirect|z"] == Spot("s", "1", "curve", "impacts", "statistic", keys)
    assert found["(2)|Direct|effect"] == Unmatched("effects", "direct")


def test_every_cell_of_the_smart_city_baseline_is_matched() -> None:
    record = Record("linear", "", (column("1", "did", "Intercept"), column("2", "did", *CONTROLS, "Intercept")))
    found = targets(
        exhibit("regression", {"baseline": plain(2)}), published("smart_city", "table1.csv"), {"baseline": record}
    )
    assert len(found) == 36
    assert not [key for key, one in found.items() if isinstance(one, (Unmatched, Words))]
    assert all(one.agrees for one in found.values() if isinstance(one, Said))


def test_every_cell_of_the_smart_city_robustness_table_is_matched() -> None:
    psm = Record("psm_did", "", (column("1", "did", "Intercept"), column("2", "did", *CONTROLS, "Intercept")))
    tests = {"ar1_z": -3.0, "ar1_p": 0.0, "ar2_z": 0.3, "ar2_p": 0.7}
    dynamic = [
        column(n, "L1.quality", "did", *CONTROLS, "Intercept", effects=(), stats=tests, time_dummies=True) for n in "12"
    ]
    gmm = Record("gmm", "", tuple(dynamic))
    first = [
        {"endogenous": "did", "term": name, "estimate": 0.1, "statistic": 2.0}
        for name in ("iv", *CONTROLS, "Intercept")
    ]
    second = column("1", "did", *CONTROLS, "Intercept", effects=("year",), stats={"r2": 0.3, "kp_rk_f": 14.0})
    iv = Record("linear", "", (second,), curves={"first_stage": first})
    declared = exhibit(
        "regression",
        {"psm": plain(2), "gmm": plain(2), "iv": [{"label": None, "instruments": True, "w": None}]},
        first_stage=True,
    )
    found = targets(declared, published("smart_city", "table2.csv"), {"psm": psm, "gmm": gmm, "iv": iv})
    assert len(found) == 147
    assert str(found["IV (1)|iv|coef"]) == "iv.1.first: iv estimate"
    assert str(found["GMM (2)|L.quality|paren"]) == "gmm.2: L1.quality statistic"
    assert str(found["GMM (2)|AR(1)|stat"]) == "gmm.2: ar1_z"
    assert found["IV (1)|dep_var|info"] == Said("did", agrees=True)
    assert found["GMM (1)|City FE|info"] == Said("yes", agrees=True)
    assert found["IV (2)|City FE|info"] == Said("no", agrees=True)
    assert not [key for key, one in found.items() if isinstance(one, Unmatched)]
    # A record keeps no R2 of a first stage: the cell has a place and no number, and is told so.
    r2 = found["IV (1)|R 2|stat"]
    assert isinstance(r2, Spot)
    assert look_up(iv, r2) is None
    iv_row = look_up(iv, found["IV (1)|iv|coef"])
    assert iv_row is not None
    assert iv_row.value == 0.1


def test_every_cell_of_the_smart_city_splits_is_matched() -> None:
    groups = [
        {"en": f"{size} level of {what} development", "zh": f"{word}{name}"}
        for what, name in (("economic", "经济发展"), ("external", "对外开放"))
        for size, word in (("High", "高"), ("Low", "低"))
    ]
    record = Record("linear", "", tuple(column(str(n), "did", *CONTROLS, "Intercept") for n in range(1, 5)))
    found = targets(
        exhibit("regression", {"splits": labelled(*groups)}), published("smart_city", "table3.csv"), {"splits": record}
    )
    assert [one for one in found.values() if isinstance(one, Unmatched)] == []
    assert str(found["(3) High level of external development|did|coef"]) == "splits.3: did estimate"
    assert found["(3) High level of external development|Control variable|info"] == Said("yes", agrees=True)
