"""The account of raw rows as a table: sums that close, steps that are off, reasons in both languages."""

from typing import Any, get_args

import pytest

from citypanel.declare.cleaning import Cleaning, RauchClass
from citypanel.declare.indicators import QualityOptions
from citypanel.exhibits.attrition import attrition_table, reason_text
from citypanel.exhibits.attrition_texts import STEPS
from citypanel.exhibits.csv_ import to_csv
from citypanel.exhibits.table import Table
from citypanel.indicators.cleaning import cleaning_rules
from citypanel.indicators.quality_cities import final_rules
from citypanel.indicators.quality_streamed import later_rules
from citypanel.intake.customs_rules import LATER, REPAIRS, RULES
from citypanel.registers import Registers
from citypanel.result import Record

EXHIBIT = {"study": "s", "exhibit": "a", "kind": "attrition", "title": {"en": "Account", "zh": "损耗"}}


def line(step: int, name: str, reason: str, before: int, after: int, *, changed: int = 0) -> dict[str, Any]:
    counts = {"rows_before": before, "rows_after": after, "changed": changed}
    values = {"value_usd_before": before * 1e6, "value_usd_after": after * 1e6}
    firms = {"firms_before": before // 10, "firms_after": after // 10}
    return {"step": step, "name": name, "reason": reason, **counts, **(firms | values if step else {})}


LINES = [
    line(0, "read", "an empty line", 1000, 990),
    line(0, "read", "not valid GB18030", 990, 985),
    line(1, "exports_only", "import", 985, 900),
    line(4, "hs8_repaired", "commodity code is not 8 digits", 900, 880),
    line(4, "hs8_repaired", "leading zero restored", 880, 880, changed=70),
    line(5, "positive", "quantity is zero", 880, 880),
    line(5, "positive", "quantity is missing", 880, 860),
    line(5, "positive", "value is zero or negative", 860, 850),
    line(6, "destination", "no destination", 850, 850),
    line(5, "positive", "value or quantity is missing", 850, 840),
    line(8, "regime", "not applied: trade regime other than", 840, 840),
    line(21, "coverage", "city-year with less than 0.5 of its value covered (flagged, kept)", 840, 840, changed=3),
]


def made(language: str = "en", **keys: Any) -> Table:
    record = Record("attrition", "", (), curves={"attrition": LINES}, sample={"simulated": True})
    return attrition_table([record], {**EXHIBIT, **keys}, language)


def test_rows_dropped_and_left_add_up_to_rows_read() -> None:
    table = made()
    steps = [row for row in table.rows if row.statistic == "attrition"]
    assert [row.cells[0].value for row in steps] == [15, 85, 20, 30, 0, 10, None, 0]
    assert [row.cells[2].value for row in steps] == [985, 900, 880, 850, 850, 840, 840, 840]
    assert sum(row.cells[0].value or 0 for row in steps) + steps[-1].cells[2].value == 1000
    # Firms are known from the first step on that knows rows as records.
    assert [row.cells[3].value for row in steps][:3] == [98, 90, 88]
    assert [row.cells[7].printed for row in steps][:2] == ["985.0", "900.0"]


def test_a_single_reason_stands_beside_its_step_and_several_beneath() -> None:
    assert [row.label for row in made().rows] == [
        "0 Rows read", "– an empty line", "– not valid GB18030",
        "1 Exports only: import",
        "4 HS code of 8 digits", "– commodity code is not 8 digits", "– leading zero restored: 70 kept rows",
        "5 Value and quantity above 0", "– quantity is missing", "– value is zero or negative",
        "6 Destination",
        "5 Value and quantity above 0 (the study’s own): value or quantity is missing",
        "8 Trade regime",
        "21 Coverage", "– city-year with less than 0.5 of its value covered (flagged, kept): 3",
    ]  # fmt: skip


@pytest.mark.parametrize(("language", "off"), [("en", "not applied"), ("zh", "未启用")])
def test_a_step_that_is_off_says_so(language: str, off: str) -> None:
    [regime] = [row for row in made(language).rows if row.key == "regime"]
    assert [cell.printed for cell in regime.cells][:3] == [off, "", "840"]


def test_reasons_may_be_left_out() -> None:
    table = made(reasons=False)
    assert all(row.statistic == "attrition" for row in table.rows)
    assert "1 Exports only" in [row.label for row in table.rows]


def test_every_format_says_that_data_are_simulated() -> None:
    assert made().caption == "Account (simulated data)"
    assert "模拟数据" in to_csv(made("zh"))


def test_a_line_that_only_says_something_is_in_the_csv_too() -> None:
    kept = [line for line in to_csv(made()).splitlines() if "leading zero restored" in line]
    assert len(kept) == 1
    assert kept[0].endswith("leading zero restored: 70 kept rows,,,reason,,,,simulated data")


def every_reason() -> set[str]:
    full = {"drop_destinations": "USA,DEU", "regimes": "一般贸易,边境小额贸易", "hs_base": "2002", "hs_table": "t"}
    full |= {"rauch": "r", "rauch_drop": ",".join(get_args(RauchClass)), "min_flows": 100, "goods": "manufacturing"}
    reasons = {reason for *_, reason in (*RULES, *REPAIRS, LATER)}
    for given in ({}, full, {"price_scope": "chapter", "low_coverage": "drop"}):
        cleaning = Cleaning(**given)
        words = Registers().intermediary_words("long")
        reasons |= {rule.reason for rule in (*cleaning_rules(cleaning, words), *final_rules(cleaning))}
        reasons |= {rule.reason for rule in cleaning_rules(cleaning, ())}
    for scope in ("product", "product_year"):
        reasons |= {rule.reason for rule in later_rules(QualityOptions(scope=scope))}
    fields = "13 fields where the headers have 12"
    return reasons | {fields, "a quote that never closes", "an empty line", "not valid UTF-8", "product without PRODY"}


def test_every_reason_and_every_step_has_a_chinese_text() -> None:
    for reason in sorted(every_reason()):
        plain = reason_text(reason, "zh")
        assert plain != reason, reason
        assert any("\u4e00" <= letter <= "\u9fff" for letter in plain), reason
        assert reason_text(reason, "en") == reason
    names = {rule[2] for rule in RULES} | {rule.name for rule in cleaning_rules(Cleaning(), ())}
    names |= {rule.name for rule in (*later_rules(QualityOptions()), *final_rules(Cleaning()))}
    assert names <= set(STEPS)


def test_names_in_reasons_are_kept_in_both_languages() -> None:
    assert reason_text("chapter 93, 97", "zh") == "第 93、97 章"
    assert reason_text("trade regime other than 一般贸易, 边境小额贸易", "en").endswith("一般贸易, 边境小额贸易")
    assert reason_text("a reason nobody knows", "zh") == "a reason nobody knows"
