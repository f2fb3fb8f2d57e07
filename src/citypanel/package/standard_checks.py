"""The sixteen rules of the Data and Code Availability Standard, each answered from what is in the package."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from citypanel.package.checks import Check, judged
from citypanel.package.codebook import Field
from citypanel.package.datasets import NO, sources_used
from citypanel.package.readme import FILES, Facts

SECTIONS = (
    "## Overview",
    "## Data Availability and Provenance Statements",
    "### Statement about Rights",
    "### Summary of Availability",
    "### Details on each Data Source",
    "## Dataset list",
    "## Computational requirements",
    "### Controlled Randomness",
    "### Memory, Runtime and Storage Requirements",
    "## Description of programs",
    "## Instructions to Replicators",
    "## List of tables, figures and programs",
    "## References",
)
DATA_PROGRAMS = ("simulate_sample", "intake", "build_indicator", "build_pairs", "build_panel")
OPEN_FORMATS = (".csv", ".parquet", ".json", ".txt")


def standard_checks(
    facts: Facts, folder: Path, described: Mapping[str, Sequence[Field]], disagreeing: Sequence[str]
) -> list[Check]:
    """Return the checks of a package folder that holds everything but its checks and manifest."""
    text = (folder / FILES["en"]).read_text(encoding="utf-8")
    return [
        _availability(facts),
        _raw(facts),
        _analysis(facts, folder),
        _format(described),
        _metadata(described, disagreeing),
        _citation(facts, text),
        _programs(
            facts, folder, "7 Data transformation", ("Programs that make the analysis data", "生成分析数据的程序")
        ),
        _programs(facts, folder, "8 Analysis", ("Programs that estimate and render", "估计与制作图表的程序")),
        *_statements(facts),
        _documentation(text),
        Check(
            "14 Location",
            "not applicable",
            "Data and programs are archived in a repository that the journal accepts.",
            "数据与程序存放于期刊认可的存储库。",
            "the archive is made for it; depositing is the authors' act",
            "本压缩包即为此制作；存放由作者完成",
        ),
        _licence(facts, folder),
        _omissions(facts, text),
        _rights(facts),
        _papers(facts),
        _exhibits(facts),
    ]


def _availability(facts: Facts) -> Check:
    used = sources_used(facts.datasets)
    return judged(
        "1 Data Availability Statement",
        (
            "Each source has access, cost, time, contact and licence.",
            "每个来源均有获取方式、费用、时间、联系方和许可。",
        ),
        [] if used else ["no source is behind the results"],
        (f"{len(used)} sources", f"{len(used)} 个来源"),
        ("describe the source in sources.csv of the raw folder", "在原始文件夹的 sources.csv 中描述来源"),
    )


def _raw(facts: Facts) -> Check:
    missing = [row.file for row in facts.datasets if row.kind.en == "raw file" and row.provided == NO]
    return judged(
        "2 Raw data",
        ("Raw data are provided, or the exception is explained.", "提供原始数据，或说明例外。"),
        [f"{file}: see REFUSALS.csv" for file in missing],
        ("all are provided or made by the code", "全部提供或由代码生成"),
        ("", ""),
        explained=True,
    )


def _analysis(facts: Facts, folder: Path) -> Check:
    absent = [f"data/{study}.csv" for study in facts.run.studies if not (folder / "data" / f"{study}.csv").is_file()]
    held = [f"{item.path}, {item.part}: see REFUSALS.csv" for item in facts.contents.refusals if item.part]
    return judged(
        "3 Analysis data",
        ("The analysis data are provided.", "提供分析数据。"),
        absent or held,
        ("every panel, as Parquet and CSV", "各面板均有 Parquet 与 CSV"),
        ("run snakemake again, then package", "重新运行 snakemake 后再打包"),
        explained=not absent,
    )


def _format(described: Mapping[str, Sequence[Field]]) -> Check:
    return judged(
        "4 Format of data",
        ("Data files are in open formats.", "数据文件为开放格式。"),
        [path for path in described if not path.endswith(OPEN_FORMATS)],
        (f"{len(described)} files, CSV or Parquet", f"{len(described)} 个文件，CSV 或 Parquet"),
        ("export the file as CSV", "将文件导出为 CSV"),
    )


def _metadata(described: Mapping[str, Sequence[Field]], disagreeing: Sequence[str]) -> Check:
    silent = [
        f"{path}, column '{field.name}' has no meaning"
        for path, fields in described.items()
        for field in fields
        if field.meaning is None
    ]
    columns = sum(len(fields) for fields in described.values())
    return judged(
        "5 Metadata",
        (
            "Every column has a meaning, and its description agrees with the data.",
            "每一列均有含义说明，且与数据一致。",
        ),
        [*disagreeing, *silent],
        (f"{columns} columns of {len(described)} files", f"{len(described)} 个文件的 {columns} 列"),
        ("add the column to registers/codebook.csv", "在 registers/codebook.csv 中补充该列"),
    )


def _citation(facts: Facts, text: str) -> Check:
    references = text.partition("## References")[2]
    missing = [source.citation for source in sources_used(facts.datasets) if source.citation not in references]
    return judged(
        "6 Citation",
        ("All data are cited in the references.", "所用数据均在参考文献中引用。"),
        missing,
        (f"{len(facts.deposit.references)} references", f"{len(facts.deposit.references)} 条参考文献"),
        ("give the citation in sources.csv", "在 sources.csv 中给出引用"),
    )


def _programs(facts: Facts, folder: Path, name: str, what: tuple[str, str]) -> Check:
    ran = [item.script for item in facts.programs if (item.rule in DATA_PROGRAMS) == name.startswith("7")]
    missing = [script for script in ran if not (folder / script).is_file()]
    return judged(
        name,
        (f"{what[0]} are included.", f"包含{what[1]}。"),
        missing,
        ("all rules, scripts and the library", "全部规则、脚本与库"),
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


def _documentation(text: str) -> Check:
    return judged(
        "13 Documentation",
        ("The README has every section of the data editors' template.", "README 含数据编辑模板的全部部分。"),
        [section for section in SECTIONS if section not in text],
        (f"{len(SECTIONS)} sections, in English and Chinese", f"{len(SECTIONS)} 个部分，中英文"),
        ("restore the section in templates/package", "在 templates/package 中恢复该部分"),
    )


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


def _omissions(facts: Facts, text: str) -> Check:
    silent = [item.path for item in facts.contents.refusals if item.path not in text]
    count = len(facts.contents.refusals)
    return judged(
        "16 Omissions",
        ("Whatever is left out is named with its reason.", "未提供的内容均列出并说明原因。"),
        silent,
        (f"{count} listed in the README and REFUSALS.csv", f"README 与 REFUSALS.csv 中列出 {count} 项"),
        ("package again", "重新打包"),
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
