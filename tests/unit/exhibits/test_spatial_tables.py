"""Tables 7, 8 and 9 of the cooperation paper, from records that hold the printed numbers."""

from dataclasses import replace
from typing import Any

import pytest

from citypanel.errors import DeclarationError
from citypanel.exhibits.render import render_table
from citypanel.exhibits.table import Table
from citypanel.result import ColumnResult, Record, TermResult

LABELS = {
    "quality": {"en": "Export product quality", "zh": "出口产品质量"},
    "inno": {"en": "Innovation cooperation", "zh": "创新合作"},
    "distance": {"en": "Inverse distance", "zh": "反距离权重"},
    "economic": {"en": "Economic weights", "zh": "经济权重"},
    "moran_distance": {"en": "Inverse distance", "zh": "反距离权重"},
    "moran_economic": {"en": "Economic weights", "zh": "经济权重"},
}
BASE: dict[str, Any] = {
    "study": "yrd_cooperation",
    "exhibit": "table7",
    "title": {"en": "Spatial", "zh": "空间"},
    "labels": LABELS,
    "years": [2011, 2020],
}
PRINTED = {  # Table 7: I by year, and p values of the printed stars
    "moran_distance": {"2011": (0.1081, 0.001), "2019": (0.0071, 0.08), "2020": (0.0173, 0.04)},
    "moran_economic": {"2011": (0.3714, 0.001), "2019": (0.1157, 0.08), "2020": (0.1262, 0.07)},
}


def moran(name: str) -> Record:
    vcov = {"type": "randomisation", "side": "greater", "weights": "row-standardised"}
    rows = [
        {"period": year, "I": i, "expectation": -0.025, "sd": 0.02, "z": 3.5, "p": p}
        for year, (i, p) in PRINTED[name].items()
    ]
    columns = tuple(
        ColumnResult(year, "quality", 41, units=41, periods=1, vcov=vcov, terms=(TermResult("I", i),))
        for year, (i, _) in PRINTED[name].items()
    )
    return Record("moran", "quality", columns, curves={"moran": rows}, analysis=name)


def cells(table: Table, key: str, line: int = 0) -> list[str]:
    return [cell.printed for cell in [row for row in table.rows if row.key == key][line].cells]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_moran_by_year_comes_out_as_printed(language: str) -> None:
    table = render_table([moran(name) for name in PRINTED], {**BASE, "kind": "moran"}, language)
    assert cells(table, "2011") == ["0.1081***", "0.3714***"]
    assert cells(table, "2019") == ["0.0071*", "0.1157*"]
    assert cells(table, "2020") == ["0.0173**", "0.1262*"]
    assert [head.text for head in table.heads[0]] == [LABELS[name][language] for name in PRINTED]


def test_the_note_on_moran_says_outcome_assumption_and_side() -> None:
    table = render_table([moran("moran_distance")], {**BASE, "kind": "moran", "statistics": ["I", "z", "p"]}, "en")
    assert table.notes[0] == (
        "Moran’s I of Export product quality, p values under randomisation, one-sided (greater), "
        "weights row-standardised, 41 units."
    )
    assert cells(table, "2011") == ["0.1081***", "3.50", "0.001"]
    assert [head.text for head in table.heads[1]] == ["I", "z", "p"]


def test_one_analysis_with_a_column_for_each_matrix_gives_the_same_table() -> None:
    both = [moran(name) for name in PRINTED]
    columns = tuple(
        replace(column, column=f"{number}.{column.column}")
        for number, record in enumerate(both, start=1)
        for column in record.columns
    )
    rows = [{"column": str(n), **row} for n, record in enumerate(both, start=1) for row in record.curves["moran"]]
    joined = Record("moran", "quality", columns, curves={"moran": rows}, analysis="moran")
    declared = {"moran": [LABELS["distance"], LABELS["economic"]]}
    table = render_table([joined], {**BASE, "kind": "moran", "columns": declared}, "zh")
    assert [row.cells for row in table.rows] == [
        row.cells for row in render_table(both, {**BASE, "kind": "moran"}, "zh").rows
    ]
    assert [head.text for head in table.heads[0]] == ["反距离权重", "经济权重"]


def lm_record(values: dict[str, tuple[float, float]], name: str) -> Record:
    stats = {key: value for key, (value, _) in values.items()} | {f"{key}_p": p for key, (_, p) in values.items()}
    return Record("spatial_lm", "", (ColumnResult("1", "quality", 410, stats=stats),), analysis=name)


DISTANCE = {"lm_error": (144.004, 0.0), "rlm_error": (143.721, 0.0), "lm_lag": (0.435, 0.51), "rlm_lag": (0.152, 0.7)}
ECONOMIC = {"lm_error": (0.963, 0.33), "rlm_error": (1.015, 0.31), "lm_lag": (3.485, 0.062), "rlm_lag": (3.537, 0.06)}


def durbin(name: str) -> Record:
    stats = {f"{test}_vs_{other}": 12.5 for test in ("lr", "wald") for other in ("sar", "sem")}
    stats |= {f"{key}_p": 0.002 for key in stats} | {"test_df": 2}
    return Record("spatial", "", (ColumnResult("1", "quality", 410, stats=stats),), analysis=name)


def test_tests_for_spatial_dependence_come_out_as_printed() -> None:
    records = [lm_record(DISTANCE, "moran_distance"), lm_record(ECONOMIC, "moran_economic")]
    table = render_table(records, {**BASE, "kind": "spatial_lm"}, "zh")
    assert [row.key for row in table.rows] == ["lm_error", "rlm_error", "lm_lag", "rlm_lag"]
    assert cells(table, "lm_error") == ["144.004***", "0.963"]
    assert cells(table, "rlm_lag") == ["0.152", "3.537*"]
    assert table.rows[0].label == "空间误差：拉格朗日乘数"
    assert "检验基于混合回归残差。" in table.notes


def test_tests_of_two_matrices_in_one_analysis_carry_the_labels_of_their_columns() -> None:
    one, other = lm_record(DISTANCE, "lm").columns[0], lm_record(ECONOMIC, "lm").columns[0]
    record = Record("spatial_lm", "", (one, replace(other, column="2")), analysis="lm")
    declared = {"lm": [LABELS["distance"], LABELS["economic"]]}
    table = render_table([record], {**BASE, "kind": "spatial_lm", "columns": declared}, "en")
    assert [head.text for head in table.heads[0]] == ["Inverse distance", "Economic weights"]
    assert cells(table, "lm_error") == ["144.004***", "0.963"]


def test_likelihood_ratio_and_wald_tests_of_durbin_models_stand_below() -> None:
    records = [lm_record(DISTANCE, "a"), lm_record(ECONOMIC, "b"), durbin("c"), durbin("d")]
    table = render_table(records, {**BASE, "kind": "spatial_lm", "p": True}, "en")
    assert cells(table, "lr_vs_sar") == ["12.500***", "12.500***"]
    assert cells(table, "wald_vs_sem", 1) == ["(0.002)", "(0.002)"]
    assert "LR and Wald tests of the Durbin model are χ² with 2 degrees of freedom." in table.notes
    with pytest.raises(DeclarationError, match="exhibit 'table7', key 'durbin': 1 Durbin models for 2 columns"):
        render_table(records[:3], {**BASE, "kind": "spatial_lm"}, "en")


def model(kind: str, file: str, inno: tuple[float, float], parameter: tuple[float, float]) -> Record:
    name = "lambda" if kind == "sem" else "rho"
    terms = (
        TermResult("inno", inno[0], inno[0] / inno[1], inno[1], 0.0004),
        TermResult(name, parameter[0], parameter[0] / parameter[1], parameter[1], 0.0),
    )
    vcov = {
        "type": "iid",
        "ssc": "none",
        "df": None,
        "model": kind,
        "weights": "row-standardised",
        "weights_file": f"results/weights/{file}.csv",
        "twoways_lag": "W(Qy)",
        "leeyu": "none",
        "impacts_se": "delta",
    }
    stats = {"sigma2": 0.003, "sigma2_se": 0.003 / 14.16, "sigma2_z": 14.16, "r2_within": 0.299}
    column = ColumnResult("1", "quality", 410, 41, 10, None, ("city", "year"), vcov, terms, stats)
    rows = [
        {"term": "inno", "effect": effect, "estimate": value, "se": None, "statistic": z, "p": p}
        for effect, value, z, p in (
            ("direct", 0.021, 3.39, 0.001),
            ("indirect", 0.020, 2.84, 0.005),
            ("total", 0.040, 3.29, 0.001),
        )
    ]
    return Record(
        "spatial", "", (column,), curves={} if kind == "sem" else {"impacts": rows}, analysis=f"{kind}_{file}"
    )


def models() -> list[Record]:
    return [
        model("sem", "distance", (0.022, 3.59), (0.593, 4.81)),
        model("sar", "distance", (0.022, 3.59), (0.703, 8.24)),
        model("sem", "economic", (0.019, 3.43), (0.543, 8.25)),
        model("sar", "economic", (0.019, 3.37), (0.519, 9.74)),
    ]


SPATIAL = {**BASE, "kind": "spatial", "statistics": ["r2_within", "n", "units"]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_spatial_models_come_out_as_printed(language: str) -> None:
    table = render_table(models(), SPATIAL, language)
    assert cells(table, "inno") == ["0.022***", "0.022***", "0.019***", "0.019***"]
    assert cells(table, "inno", 1) == ["(3.59)", "(3.59)", "(3.43)", "(3.37)"]
    assert cells(table, "rho") == ["", "0.703***", "", "0.519***"]
    assert cells(table, "lambda") == ["0.593***", "", "0.543***", ""]
    assert cells(table, "sigma2", 1) == ["(14.16)"] * 4
    assert cells(table, "direct:inno") == ["—", "0.021***", "—", "0.021***"]
    assert cells(table, "total:inno", 1) == ["", "(3.29)", "", "(3.29)"]
    assert cells(table, "fe:city") == [{"en": "Yes", "zh": "是"}[language]] * 4
    assert [(head.text, head.span) for head in table.heads[1]] == [
        (LABELS["distance"][language], 2),
        (LABELS["economic"][language], 2),
    ]
    assert [head.text for head in table.heads[2]] == ["SEM", "SAR", "SEM", "SAR"]


def test_the_note_on_spatial_models_says_what_the_literature_differs_on() -> None:
    notes = render_table(models(), SPATIAL, "en").notes
    assert notes[0] == "z statistics in parentheses."
    assert (
        "Maximum likelihood with row-standardised weights, two-way effects with the spatial lag W(Qy); "
        "errors of effects by the delta method." in notes
    )


def test_effects_of_an_unknown_term_are_refused() -> None:
    with pytest.raises(DeclarationError, match="key 'impacts': 'gdp' has no effects; the models have inno"):
        render_table(models(), {**SPATIAL, "impacts": ["gdp"]}, "en")


def test_a_record_of_another_method_is_refused() -> None:
    with pytest.raises(
        DeclarationError, match=r"needs an analysis of method 'spatial'; it was given moran_distance \(moran\)"
    ):
        render_table([moran("moran_distance")], SPATIAL, "en")
