"""The sixteen rules of the Data and Code Availability Standard, each answered from what is in the package."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from citypanel.declare.sources import REGISTERS, Source
from citypanel.package.archive import entries_of
from citypanel.package.cells import read_record
from citypanel.package.checks import Check, judged
from citypanel.package.codebook import Field
from citypanel.package.datapackage import PLACES
from citypanel.package.datasets import MADE, NO, sources_used
from citypanel.package.readme import FILES, Facts

SECTIONS = {
    "en": (
        "Overview",
        "Data Availability and Provenance Statements",
        "Statement about Rights",
        "License for Data",
        "Summary of Availability",
        "Details on each Data Source",
        "Dataset list",
        "Computational requirements",
        "Software Requirements",
        "Controlled Randomness",
        "Memory, Runtime, Storage Requirements",
        "Description of programs/code",
        "License for Code",
        "Instructions to Replicators",
        "List of tables and programs",
        "References",
        "Acknowledgements",
    ),
    "zh": (
        "概述",
        "数据可得性与来源声明",
        "权利声明",
        "数据许可",
        "可得性概要",
        "各数据来源",
        "数据文件清单",
        "计算要求",
        "软件",
        "随机性的控制",
        "内存、时间与存储",
        "程序说明",
        "代码许可",
        "复现步骤",
        "表、图与程序清单",
        "参考文献",
        "致谢",
    ),
}
OPEN_FORMATS = (".csv", ".parquet", ".json", ".txt", ".md", ".tex", ".pdf", ".html", ".yaml")

Texts = Mapping[str, str]


def standard_checks(
    facts: Facts, folder: Path, described: Mapping[str, Sequence[Field]], disagreeing: Sequence[str]
) -> list[Check]:
    """Return the checks of a package folder that holds everything but its checks and manifest."""
    texts = {language: (folder / name).read_text(encoding="utf-8") for language, name in FILES.items()}
    return [
        _availability(facts, texts),
        _raw(facts),
        _analysis(facts, folder),
        _format(folder),
        _metadata(described, disagreeing),
        _citation(facts, texts),
        _programs(
            facts, folder, "7 Data transformation", ("Programs that make the analysis data", "生成分析数据的程序")
        ),
        _programs(facts, folder, "8 Analysis", ("Programs that estimate and render", "估计与制作图表的程序")),
        *_statements(facts),
        _documentation(texts),
        Check(
            "14 Location",
            "not applicable",
            "Data and programs are archived in a repository that the journal accepts.",
            "数据与程序存放于期刊认可的存储库。",
            "the archive is made for it; depositing is the authors' act",
            "本压缩包即为此制作；存放由作者完成",
        ),
        _licence(facts, folder),
        _omissions(facts, texts),
        _confirmed(facts),
        _rights(facts),
        _papers(facts),
        _exhibits(facts),
        _seeds(facts),
    ]


def _availability(facts: Facts, texts: Texts) -> Check:
    used = sources_used(facts.datasets)
    silent = [
        f"{FILES[language]} does not tell of {source.source}: {name}"
        for source in used
        for language, text in texts.items()
        for name, told in _told_of(source, language).items()
        if told not in text
    ]
    return judged(
        "1 Data Availability Statement",
        (
            "The README tells access, cost, time, contact and licence of each source, and licences of registers.",
            "README 说明每个来源的获取方式、费用、时间、联系方和许可，以及每个登记表的名称和许可。",
        ),
        silent if used else ["no source is behind the results"],
        (f"{len(used)} sources, in English and Chinese", f"{len(used)} 个来源，中英文"),
        ("describe the source in sources.csv of the raw folder", "在原始文件夹的 sources.csv 中描述来源"),
    )


def _told_of(source: Source, language: str) -> dict[str, str]:
    """Return what the README must say of a source."""
    facts = {"title": str(getattr(source.text("title"), language)), "licence": source.licence}
    if source.feeds.startswith(REGISTERS):
        return facts
    texts = {name: str(getattr(source.text(name), language)) for name in ("access", "cost", "delay")}
    return {**facts, **texts, "contact": source.contact}


def _raw(facts: Facts) -> Check:
    raw = [row for row in facts.datasets if row.kind.en == "raw file"]
    missing = [row.file for row in raw if row.provided == NO]
    made = sum(row.provided == MADE for row in raw)
    refused = {item.path for item in facts.contents.refusals}
    return judged(
        "2 Raw data",
        ("Raw data are provided, or the exception is explained.", "提供原始数据，或说明例外。"),
        [
            f"{file}: see REFUSALS.csv" if file in refused else f"{file} is neither provided nor refused"
            for file in missing
        ],
        (
            f"{len(raw)} files: {len(raw) - made} provided, {made} made by the code",
            f"{len(raw)} 个文件：提供 {len(raw) - made} 个，由代码生成 {made} 个",
        ),
        ("package again, with the raw files in place", "放回原始文件后重新打包"),
        explained=set(missing) <= refused,
    )


def _analysis(facts: Facts, folder: Path) -> Check:
    absent = [
        name
        for study in facts.run.studies
        for name in (f"data/{study}.csv", f"results/{study}/panel.parquet")
        if not (folder / name).is_file()
    ]
    held = [f"{item.path}, {item.part}: see REFUSALS.csv" for item in facts.contents.refusals if item.part]
    return judged(
        "3 Analysis data",
        ("The analysis data are provided.", "提供分析数据。"),
        absent or held,
        (
            f"the panel of each of {len(facts.run.studies)} studies, as Parquet and CSV",
            f"{len(facts.run.studies)} 项研究的面板，均有 Parquet 与 CSV",
        ),
        ("run snakemake again, then package", "重新运行 snakemake 后再打包"),
        explained=not absent,
    )


def _format(folder: Path) -> Check:
    files = [entry.path for entry in entries_of(folder) if entry.path.startswith(PLACES)]
    return judged(
        "4 Format of data",
        ("Data and results are in open formats.", "数据与结果为开放格式。"),
        [path for path in files if not path.endswith(OPEN_FORMATS)],
        (
            f"{len(files)} files: {', '.join(sorted({Path(path).suffix[1:] for path in files}))}",
            f"{len(files)} 个文件：{'、'.join(sorted({Path(path).suffix[1:] for path in files}))}",
        ),
        ("export the file as CSV", "将文件导出为 CSV"),
    )


def _metadata(described: Mapping[str, Sequence[Field]], disagreeing: Sequence[str]) -> Check:
    silent = [
        f"{path}, column '{field.name}' has no {fault}"
        for path, fields in described.items()
        for field in fields
        for fault in field.lacks()
    ]
    columns = sum(len(fields) for fields in described.values())
    return judged(
        "5 Metadata",
        (
            "Every column has type, unit or levels, source, and a meaning in both languages that agree with the data.",
            "每一列均有类型、单位或类别、来源及中英文含义，且与数据一致。",
        ),
        [*disagreeing, *silent],
        (f"{columns} columns of {len(described)} files", f"{len(described)} 个文件的 {columns} 列"),
        ("add the column to registers/codebook.csv", "在 registers/codebook.csv 中补充该列"),
    )


def _citation(facts: Facts, texts: Texts) -> Check:
    listed = {"en": texts["en"].partition("## References")[2], "zh": texts["zh"].partition("## 参考文献")[2]}
    missing = [
        f"{FILES[language]}: {source.citation}"
        for source in sources_used(facts.datasets)
        for language, references in listed.items()
        if source.citation not in references
    ]
    return judged(
        "6 Citation",
        ("All data are cited in the references.", "所用数据均在参考文献中引用。"),
        missing,
        (f"{len(facts.deposit.references)} references", f"{len(facts.deposit.references)} 条参考文献"),
        ("give the citation in sources.csv", "在 sources.csv 中给出引用"),
    )


def _programs(facts: Facts, folder: Path, name: str, what: tuple[str, str]) -> Check:
    ran = [item for item in facts.programs if item.data == name.startswith("7")]
    missing = [path for item in ran for path in (item.script, item.rules) if not (folder / path).is_file()]
    return judged(
        name,
        (f"{what[0]} are included.", f"包含{what[1]}。"),
        missing,
        (
            f"{len(ran)} scripts with their rules: {', '.join(Path(item.script).stem for item in ran)}",
            f"{len(ran)} 个脚本及其规则：{'、'.join(Path(item.script).stem for item in ran)}",
        ),
        ("package from a complete checkout", "从完整的代码目录打包"),
    )


def _statements(facts: Facts) -> list[Check]:
    statements = facts.run.config.package.statements
    asked = {
        "10 Instruments": (statements.instruments, "Survey instruments are included.", "附调查工具。"),
        "11 Ethics": (statements.ethics, "Ethics approval is told.", "说明伦理审批。"),
        "12 Pre-registration": (statements.preregistration, "Pre-registration is cited.", "说明预注册。"),
    }
    return [
        Check(name, "not applicable", english, chinese, text.en, text.zh)
        for name, (text, english, chinese) in asked.items()
    ]


def _documentation(texts: Texts) -> Check:
    faults = [
        f"{FILES[language]}: '{section}' is {fault}"
        for language, sections in SECTIONS.items()
        for section in sections
        if (fault := fault_of(texts[language], section))
    ]
    return judged(
        "13 Documentation",
        (
            "The README has every section of the data editors' template, filled.",
            "README 含数据编辑模板的全部部分，均已填写。",
        ),
        faults,
        (f"{len(SECTIONS['en'])} sections, in English and Chinese", f"{len(SECTIONS['zh'])} 个部分，中英文"),
        ("restore the section in templates/package", "在 templates/package 中恢复该部分"),
    )


def fault_of(text: str, section: str) -> str:
    """Return whether a section is `missing` or `empty`; nothing where it holds text or sections of its own."""
    found = re.search(rf"^(#+) {re.escape(section)}$\n(.*?)(?=^#|\Z)(#*)", text, flags=re.MULTILINE | re.DOTALL)
    if found is None:
        return "missing"
    return "" if found[2].strip() or len(found[3]) > len(found[1]) else "empty"


def _licence(facts: Facts, folder: Path) -> Check:
    missing = [name for name in ("LICENSE", "LICENSES.md", "CITATION.cff") if not (folder / name).is_file()]
    return judged(
        "15 License",
        ("Licences of code, data and registers are stated.", "说明代码、数据与登记表的许可。"),
        missing,
        (
            f"code {facts.deposit.code_licence}, derived data {facts.deposit.data_licence}, sources in LICENSES.md",
            f"代码 {facts.deposit.code_licence}，派生数据 {facts.deposit.data_licence}，来源见 LICENSES.md",
        ),
        ("add the licence file to the checkout", "在代码目录中加入许可文件"),
    )


def _omissions(facts: Facts, texts: Texts) -> Check:
    silent = [
        f"{FILES[language]}: {item.path}"
        for item in facts.contents.refusals
        for language, text in texts.items()
        if item.path not in text
    ]
    count = len(facts.contents.refusals)
    return judged(
        "16 Omissions",
        ("Whatever is left out is named with its reason.", "未提供的内容均列出并说明原因。"),
        silent,
        (f"{count} listed in the README and REFUSALS.csv", f"README 与 REFUSALS.csv 中列出 {count} 项"),
        ("package again", "重新打包"),
    )


def _confirmed(facts: Facts) -> Check:
    raw = [source for source in sources_used(facts.datasets) if not source.feeds.startswith(REGISTERS)]
    return judged(
        "facts on sources",
        (
            "What is told of the sources of raw files was confirmed with them, not recalled.",
            "关于原始文件来源的说明已向来源核实，而非凭所知。",
        ),
        [f"{source.source}: as known to the authors of the code" for source in raw if source.standing == "recalled"],
        (f"{len(raw)} sources", f"{len(raw)} 个来源"),
        (
            "check with the source, then put its row, standing 'seen', into sources.csv of the raw folder",
            "向来源核实后，将该行写入原始文件夹的 sources.csv，standing 填 seen",
        ),
    )


def _rights(facts: Facts) -> Check:
    package = facts.run.config.package
    asked = {"certify_access": package.certify_access, "certify_redistribution": package.certify_redistribution}
    missing = [] if facts.run.simulated else [name for name, given in asked.items() if not given]
    return judged(
        "statement about rights",
        ("The authors certify access to the data and the right to redistribute.", "作者确认数据的使用权与再分发权。"),
        missing,
        ("certified, or all data are simulated", "已确认，或数据均为模拟"),
        ("set package.certify_access and certify_redistribution in config.yaml", "在 config.yaml 的 package 中设置"),
    )


def _seeds(facts: Facts) -> Check:
    run = facts.run
    told = {seed.value for seed in facts.seeds}
    records = [path for path in run.targets() if "/estimates/" in path and path.endswith(".json")]
    used = {path: _seeds_in(read_record(run.root / path)) for path in records}
    count = sum(len(found) > 0 for found in used.values())
    return judged(
        "seeds",
        (
            "Every seed that a result used is in the README, with file and line.",
            "结果所用的随机种子均在 README 中列出。",
        ),
        [f"{path}: {value}" for path, found in used.items() for value in sorted(found - told)],
        (
            f"{count} of {len(records)} result records draw random numbers",
            f"{len(records)} 个结果记录中 {count} 个使用随机数",
        ),
        ("declare the seed of the analysis in study.yaml", "在 study.yaml 中声明该分析的种子"),
    )


def _seeds_in(node: object) -> set[int]:
    """Return every seed that a record says was used."""
    if isinstance(node, dict):
        own = {value for key, value in node.items() if re.search(r"(^|_)seed$", key) and isinstance(value, int)}
        return own.union(*map(_seeds_in, node.values()))
    return set().union(*map(_seeds_in, node)) if isinstance(node, list) else set()


def _papers(facts: Facts) -> Check:
    return judged(
        "papers cited",
        ("Each study names its paper.", "每个研究均引用其论文。"),
        [f"studies/{name}/study.yaml" for name, study in facts.run.studies.items() if study.paper is None],
        (f"{len(facts.run.studies)} studies", f"{len(facts.run.studies)} 个研究"),
        ("give the reference as 'paper' in study.yaml", "在 study.yaml 的 paper 中给出"),
    )


def _exhibits(facts: Facts) -> Check:
    missing = sorted({f"{entry.study} {entry.exhibit}" for entry in facts.exhibits if entry.provided == "no"})
    return judged(
        "exhibits",
        ("Every declared table and figure is in the package.", "声明的全部表与图均在包中。"),
        [f"{name}: see REFUSALS.csv" for name in missing],
        (f"{len(facts.exhibits)} files", f"{len(facts.exhibits)} 个文件"),
        ("", ""),
        explained=True,
    )
