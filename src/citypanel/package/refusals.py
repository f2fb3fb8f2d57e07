"""What does not leave, and why, in both languages."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

FIELDS = ("path", "part", "rule", "reason_en", "reason_zh")

_REASONS = {
    "rows": (
        "rows of {source} may not be given on ({licence})",
        "{source}的逐条记录不得转让（{licence}）",
    ),
    "statistics": (
        "single values of {source} may not be given on ({licence}); statistics may",
        "{source}的单个数值不得转让（{licence}），统计结果可以",
    ),
    "made": (
        "made again by the code from the seed; not shipped",
        "由代码按随机种子重新生成，不随包提供",
    ),
    "few": (
        "{count} cells are made from fewer than {min_firms} firms, the first in city {city}, {year}",
        "{count} 个单元由少于 {min_firms} 家企业构成，首例为城市 {city}、{year} 年",
    ),
    "dominated": (
        "in {count} cells {largest} firms have more than {share:g} of the value, the first in city {city}, {year}",
        "{count} 个单元中最大 {largest} 家企业的价值占比超过 {share:g}，首例为城市 {city}、{year} 年",
    ),
    "differenced": (
        "in {count} cells few firms, or {largest} that dominate, tell it from {other}, the first in {city}, {year}",
        "{count} 个单元与 {other} 的差异来自少数企业，或由最大 {largest} 家主导，首例为城市 {city}、{year} 年",
    ),
    "uncounted": (
        "the firms behind {count} cells were not counted, the first in city {city}, {year}",
        "{count} 个单元未统计其背后的企业数，首例为城市 {city}、{year} 年",
    ),
    "inside": (
        "it shows or holds the variable {variable}, which does not leave",
        "含有不得提供的变量 {variable}",
    ),
    "totals": (
        "with other tables its means or rows of {variable} give back a cell that does not leave: city {city}, {year}",
        "与其他表合并后，{variable} 的均值或样本可推算出不得提供的单元，首例为城市 {city}、{year} 年",
    ),
    "extreme": (
        "its smallest, largest or middle value of {variable} is a cell that does not leave, in city {city}, {year}",
        "其中 {variable} 的最小值、最大值或分位数即为不得提供的单元，城市 {city}、{year} 年",
    ),
    "holds": (
        "one of its numbers is {variable} of city {city}, {year}, a cell that does not leave",
        "其中一个数字即为城市 {city}、{year} 年的 {variable}，属不得提供的单元",
    ),
    "step": (
        "the step '{step}' takes {count} firms out and tells their value",
        "步骤“{step}”剔除 {count} 家企业并给出其金额",
    ),
    "record": (
        "it is made from {record}, which does not leave",
        "由不得提供的 {record} 生成",
    ),
}


@dataclass(frozen=True)
class Refusal:
    """One thing that does not leave: a file, or the part of it that is named; `rule` is the reason's short name."""

    path: str
    rule: str
    reason_en: str
    reason_zh: str
    part: str = ""


def refusal(path: str, rule: str, part: str = "", **facts: object) -> Refusal:
    """Return a refusal whose reason is told with its facts; `title` facts may be pairs of both languages."""
    texts = [
        template.format(**{key: value[at] if isinstance(value, tuple) else value for key, value in facts.items()})
        for at, template in enumerate(_REASONS[rule])
    ]
    return Refusal(path, rule, texts[0], texts[1], part)


def to_csv(refusals: Iterable[Refusal]) -> str:
    """Return the list of refusals as CSV, in order, each once."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(FIELDS)
    for item in dict.fromkeys(refusals):
        writer.writerow([item.path, item.part, item.rule, item.reason_en, item.reason_zh])
    return target.getvalue()
