"""The dataset list of a data editor: every data file, whose it is, whether it is provided, and its hash."""

from collections.abc import Iterable
from dataclasses import dataclass

from citypanel.declare.sources import REGISTERS, Source
from citypanel.declare.text import Text
from citypanel.package.contents import Contents, packaged
from citypanel.package.rights import SIMULATION
from citypanel.package.run import Run
from citypanel.receipts import sha256

_KINDS = {
    "raw": Text(en="raw file", zh="原始文件"),
    "canonical": Text(en="rows of the raw files in one form", zh="统一格式的逐条记录"),
    "indicator": Text(en="indicator by city and year", zh="城市—年份指标"),
    "panel": Text(en="analysis data of {study}", zh="{study} 的分析数据"),
    "register": Text(en="register of public facts", zh="公共事实登记表"),
}
MADE = Text(en="made by the code", zh="由代码生成")
YES, NO = Text(en="yes", zh="是"), Text(en="no", zh="否")


@dataclass(frozen=True)
class Dataset:
    """One line of the list; `file` is its path in the package, or where the code makes it."""

    file: str
    kind: Text
    sources: tuple[Source, ...]
    provided: Text
    sha256: str


def datasets(run: Run, contents: Contents) -> list[Dataset]:
    """Return the data files behind the results: raw, canonical, indicators, panels, registers."""
    raw = [(path, digest) for path, digest in run.lineage.sources(run.targets()).items() if run.rights.place(path)[0]]
    made = [item for job in run.jobs() if job.rule.startswith(SIMULATION) for item in job.outputs.items()]
    rows = [_row(run, contents, path, digest, "raw") for path, digest in sorted([*raw, *made])]
    for kind, part in (("canonical", "/canonical/"), ("indicator", "/indicators/"), ("panel", "/panel.parquet")):
        found = [item for job in run.jobs() for item in job.outputs.items() if part in item[0]]
        rows += [_row(run, contents, path, digest, kind) for path, digest in sorted(found)]
    registers = sorted(path.relative_to(run.base).as_posix() for path in (run.base / REGISTERS).glob("*.csv"))
    rows += [_row(run, contents, path, sha256(run.base / path), "register") for path in registers]
    return rows


def _row(run: Run, contents: Contents, path: str, digest: str, kind: str) -> Dataset:
    name = packaged(run, path)
    shipped = name in contents.files or kind == "register"
    told = any(item.path == name and not item.part for item in contents.refusals)
    provided = YES if shipped else NO if told else MADE
    study = name.split("/")[1] if kind == "panel" else ""
    text = Text(en=_KINDS[kind].en.format(study=study), zh=_KINDS[kind].zh.format(study=study))
    return Dataset(name, text, run.rights.behind(path), provided, digest)


def kind_of(name: str) -> Text:
    """Return what a kind of data file is called."""
    return _KINDS[name]


def sources_used(rows: Iterable[Dataset]) -> dict[Source, list[Dataset]]:
    """Return the sources of raw files and registers, each with its files."""
    found: dict[Source, list[Dataset]] = {}
    for row in rows:
        if row.kind in (_KINDS["raw"], _KINDS["register"]):
            for source in row.sources:
                found.setdefault(source, []).append(row)
    return found
