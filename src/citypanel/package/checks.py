"""The self-check: the rules of the Data and Code Availability Standard, and what data editors look for by machine."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Literal

Status = Literal["pass", "explained", "fail", "not applicable"]
STANDARD = "Data and Code Availability Standard 1.0"
_SHOWN = 3

STATUS_ZH = {"pass": "通过", "explained": "已说明", "fail": "未通过", "not applicable": "不适用"}


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, how it ended, what was found, and how to mend it where it failed."""

    check: str
    status: Status
    asked_en: str
    asked_zh: str
    found_en: str
    found_zh: str
    remedy_en: str = ""
    remedy_zh: str = ""


def judged(
    name: str,
    asked: tuple[str, str],
    faults: Sequence[str],
    good: tuple[str, str],
    remedy: tuple[str, str],
    *,
    explained: bool = False,
) -> Check:
    """Return a check that passes without faults; with faults it fails, or is explained where the package says why."""
    if not faults:
        return Check(name, "pass", *asked, *good)
    shown = "; ".join(faults[:_SHOWN]) + (f" ... {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else "")
    shown_zh = "；".join(faults[:_SHOWN]) + (f" 等共 {len(faults)} 项" if len(faults) > _SHOWN else "")
    if explained:
        return Check(name, "explained", *asked, shown, shown_zh)
    return Check(name, "fail", *asked, shown, shown_zh, *remedy)


def failed(checks: Iterable[Check]) -> list[Check]:
    """Return the checks that failed."""
    return [check for check in checks if check.status == "fail"]


def rule_of(check: Check) -> int:
    """Return the number of the rule of the standard that a check answers; those of no rule come last."""
    number = check.check.partition(" ")[0]
    return int(number) if number.isdigit() else 99


def to_csv(checks: Iterable[Check]) -> str:
    """Return `CHECKS.csv`."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([field.name for field in fields(Check)])
    writer.writerows(astuple(check) for check in checks)
    return target.getvalue()


def to_markdown(checks: Sequence[Check]) -> str:
    """Return `CHECKS.md`, English before Chinese."""
    bad = len(failed(checks))
    english = f"{len(checks) - bad} of {len(checks)} checks passed, are explained or do not apply; {bad} failed."
    english += f" Numbers are the rules of the {STANDARD}."
    chinese = f"{len(checks)} 项检查中 {len(checks) - bad} 项通过、已说明或不适用，{bad} 项未通过。"
    chinese += "编号为《数据与代码可得性标准》1.0 版的规则。"
    lines = [
        "# Checks / 自查",
        "",
        english,
        "",
        chinese,
        "",
        "| Check | Status | Asked | Found | Remedy |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {_cell(check.check)} | {check.status} | {_cell(check.asked_en)} | {_cell(check.found_en)} | "
        f"{_cell(check.remedy_en)} |"
        for check in checks
    ]
    lines += ["", "| 检查 | 结果 | 要求 | 发现 | 补救 |", "|---|---|---|---|---|"]
    lines += [
        f"| {_cell(check.check)} | {STATUS_ZH[check.status]} | {_cell(check.asked_zh)} | {_cell(check.found_zh)} | "
        f"{_cell(check.remedy_zh)} |"
        for check in checks
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
