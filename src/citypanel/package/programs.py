"""The programs behind the results: each rule that ran with its script, its line, and what it does in both languages."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from citypanel.declare.text import Text
from citypanel.package.run import Run
from citypanel.receipts import Receipt

# What the docstring of each script says, in Chinese.
IN_CHINESE = {
    "audit": "核对一项研究的印刷表与文字陈述是否彼此一致。",
    "build_indicator": "按城市和年份计算一个指标的一种变体。",
    "build_package": "制作一种版本的复现材料。",
    "build_pairs": "按年份计算城市之间的合作专利数。",
    "build_panel": "合成一项研究的面板，并说明各变量的来源。",
    "build_weights": "生成一项研究的城市间空间权重矩阵。",
    "check_estimators": "用一批模拟面板检验一项研究的估计量。",
    "clean_records": "清理若干章的海关记录并汇总为流量。",
    "compile_paper": "将一项研究的表与图合成一个 PDF。",
    "count_contributors": "统计由海关记录算出的各城市—年份指标背后的企业数。",
    "count_coverage": "汇总一项研究的蒙特卡洛结果：偏差、覆盖率与检验水平。",
    "draw_figure": "以各语言绘制一张图：矢量 PDF、PNG 及所绘数字的 CSV。",
    "draw_panels": "抽取真值已知的面板，供一项研究的蒙特卡洛使用。",
    "estimate": "估计一项分析（一张表的全部列）并写出结果记录。",
    "intake": "将一类原始文件读入规范表，逐行计数。",
    "join_customs": "将并行读入的海关文件合并为一张规范表，逐行计数。",
    "ledger": "将一项研究的每个印刷单元与结果记录比较，写出对照表、页面和汇总。",
    "ledger_overview": "将各研究的对照汇总于一页。",
    "read_customs": "单独读入若干海关文件：有类型的记录、被拒的行及计数。",
    "recover_effects": "将一项研究的效应和城市取值与模拟原始文件中的真值比较。",
    "recover_quality": "将由模拟海关记录估计的质量与其真值比较。",
    "render_table": "以各语言和格式输出一张表。",
    "simulate_sample": "按规模生成一项研究的模拟原始文件。",
    "witness": "汇总第二种软件的核对表，数字不符时报错。",
    "witness_analysis": "用 linearmodels 和 statsmodels 重新估计一项分析，并写出与记录相同的位数。",
}
_RECORDED = ("canonical", "reporting", "result", "registers")  # modules of reading and writing, not of the work


@dataclass(frozen=True)
class Program:
    """A rule that ran: its script, the line of its call, its rule file, what it does, how many jobs it took.

    `data` says whether it makes the analysis data or what is computed from them.
    """

    script: str
    line: int
    rules: str
    about: Text
    jobs: int
    data: bool


def programs(run: Run) -> list[Program]:
    """Return the programs behind the results, those of the data first."""
    files = {path.relative_to(run.base).as_posix(): path for path in sorted((run.base / "rules").glob("*.smk"))}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    jobs: dict[str, list[Receipt]] = {}
    for job in run.jobs():
        jobs.setdefault(job.script, []).append(job)
    found = [
        Program(
            script,
            call_line(run.base / script),
            next((name for name, text in texts.items() if f"../{script}" in text), ""),
            about(run.base / script),
            len(ran),
            not any(is_result(run, path) for job in ran for path in job.outputs),
        )
        for script, ran in jobs.items()
    ]
    return sorted(found, key=lambda program: not program.data)


def is_result(run: Run, path: str) -> bool:
    """Return whether a file is computed from the analysis data: a study's, and neither its panel nor weights."""
    place = Path(path).relative_to(run.results).parts if path.startswith(f"{run.results}/") else ()
    return place[:1] != () and place[0] in run.studies and not place[1].startswith(("panel", "weights"))


def about(script: Path) -> Text:
    """Return what a script says of itself."""
    english = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return Text(en=" ".join(english.split()), zh=IN_CHINESE.get(script.stem, " ".join(english.split())))


def call_line(script: Path) -> int:
    """Return the line of a script's one library call: the first call to a name that it imports from the library."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("citypanel")
        for alias in node.names
        if (node.module or "").split(".")[1:2] not in [[name] for name in _RECORDED]
    }
    return min(_calls(tree, imported), default=1)


def _calls(tree: ast.AST, names: set[str]) -> Iterable[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]
