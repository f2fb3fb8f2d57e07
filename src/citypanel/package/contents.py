"""What goes into the package and what stays: every file of a run by its kind, judged by licences and the gate."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from citypanel.canonical import read_frame
from citypanel.declare.config import PANELS, SAMPLE
from citypanel.declare.package import VARIANTS
from citypanel.errors import InputError
from citypanel.package.cells import read_record
from citypanel.package.cells_gate import CellsGate, PanelGate, judge_panel
from citypanel.package.disclosure import Rules
from citypanel.package.records_gate import judge_records
from citypanel.package.refusals import Refusal, refusal
from citypanel.package.rights import SIMULATION
from citypanel.package.run import Run
from citypanel.receipts import Receipt

ACCOUNTS = ("/attrition.parquet", ".attrition.json")  # of rows, firms and value, step by step
# What of an intake counts rows; all else of it holds them.
OF_INTAKE = ("/attrition.parquet", "/completeness.parquet", "/coverage.parquet", "/files.parquet")
# Other formats are made again by the code; these are enough to read, to typeset and to compute with.
FORMATS = {"tables": ("tex", "csv"), "figures": ("pdf", "csv"), "audit": ("csv", "html"), "ledger": ("csv",)}


@dataclass
class Contents:
    """`files` are results by their path in the package and where they lie; `panels` lose the `withheld` variables."""

    variant: str
    files: dict[str, Path] = field(default_factory=dict)
    panels: dict[str, PanelGate] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    not_shipped: dict[str, str] = field(default_factory=dict)

    def refused(self, path: str) -> bool:
        """Return whether a whole file was refused."""
        return any(item.path == path and not item.part for item in self.refusals)


def contents_of(run: Run, variant: str) -> Contents:
    """Judge every file of a run.

    Raises
    ------
    InputError
        A variant that does not exist; a file without a source; an origin that was lost on the way.
    """
    if variant not in VARIANTS:
        raise InputError(f"package variant '{variant}' is unknown; allowed: {', '.join(VARIANTS)}")
    jobs = run.jobs()
    run.rights.verify_origins(jobs)
    rules = Rules(run.config.package.min_firms, run.config.package.dominant_firms, run.config.package.dominant_share)
    gate = CellsGate(run.lineage, run.rights, rules, public=variant == "public")
    contents = Contents(variant)
    for job in jobs:
        if job.rule == "build_panel":
            for path in _with_ending(job, "/panel.parquet"):
                contents.panels[path] = judge_panel(job, path, gate)
                contents.refusals += contents.panels[path].refusals
    _judge_records(run, jobs, contents)
    for job in jobs:
        for path in job.outputs:
            _place(run, job, path, gate, contents)
    _place_raw(run, contents)
    named = [replace(item, path=packaged(run, item.path)) for item in contents.refusals]
    contents.refusals = sorted(dict.fromkeys(named), key=lambda item: (item.path, item.part, item.rule))
    return contents


def packaged(run: Run, path: str) -> str:
    """Return the path in the package: results below `results/`, raw files below `raw/`."""
    if path.startswith(f"{run.results}/"):
        return f"results/{path.removeprefix(f'{run.results}/')}"
    root, _ = run.rights.place(path)
    return f"raw/{path.removeprefix(f'{root}/')}" if root else path


def raw_in_package(run: Run) -> str:
    """Return what the key `raw` of the package's configuration is: the sample, the raw files given, or panels."""
    if run.config.raw == SAMPLE:
        return SAMPLE
    raw = [path for path in run.lineage.sources(run.targets()) if run.rights.place(path)[0]]
    given = raw and all(source.gives == "rows" for path in raw for source in run.rights.behind(path))
    return "raw" if given else PANELS


def _with_ending(job: Receipt, ending: str) -> Iterator[str]:
    return (path for path in job.outputs if path.endswith(ending))


def _judge_records(run: Run, jobs: Iterable[Receipt], contents: Contents) -> None:
    for path, panel in contents.panels.items():
        made = [job for job in jobs if job.rule == "estimate" and path in job.inputs]
        records = {name: read_record(run.root / name) for job in made for name in job.outputs}
        contents.refusals += judge_records(records, panel)


def _place(run: Run, job: Receipt, path: str, gate: CellsGate, contents: Contents) -> None:
    """Ship a result, or say why it stays."""
    told: list[Refusal] = []
    if job.rule.startswith(SIMULATION):
        contents.not_shipped[path] = "made"
        return
    if "/canonical/" in path or ("/intake/" in path and not path.endswith(OF_INTAKE)):
        contents.not_shipped[path] = "rows"
        told = _rows_refused(run, path)
    elif path.endswith(ACCOUNTS):
        told = _steps_refused(run, path, gate)
    elif "/indicators/" in path:
        if not path.endswith(".parquet"):
            return
        told = gate.indicator(path)
    elif Path(path).parts[-2] in FORMATS:
        told = [refusal(path, "record", record=name) for name in job.inputs if contents.refused(name)][:1]
    elif "/weights/" in path:
        by = job.params["declared"].get("by")
        panels = [contents.panels[name] for name in job.inputs if name in contents.panels]
        told = [refusal(path, "inside", variable=by) for panel in panels if by in panel.withheld]
    elif "/intake/" not in path and not _of_study(run, path):
        return
    contents.refusals += told
    if not told and path not in contents.not_shipped and not contents.refused(path) and in_format(run, path):
        contents.files[packaged(run, path)] = run.root / path


def _of_study(run: Run, path: str) -> bool:
    """Return whether a file lies in the folder of a study: what is neither that nor an indicator is a step between."""
    return any(path.startswith(f"{run.results}/{study}/") for study in run.studies)


def in_format(run: Run, path: str) -> bool:
    """Return whether a package holds a result in this format.

    Numbers stand in one CSV, of the first language; what the ledger searched is told in its tables.
    """
    place = Path(path)
    kinds = FORMATS.get(place.parts[-2])
    if kinds is None:
        return "~" not in place.name
    first = f"_{run.config.languages[0]}"
    repeated = place.suffix == ".csv" and place.stem.endswith(("_en", "_zh")) and not place.stem.endswith(first)
    return place.suffix[1:] in kinds and not repeated


def _rows_refused(run: Run, path: str) -> list[Refusal]:
    return [
        refusal(path, "rows", source=(source.title_en, source.title_zh), licence=source.licence)
        for source in run.rights.behind(path)
        if source.gives != "rows"
    ]


def _steps_refused(run: Run, path: str, gate: CellsGate) -> list[Refusal]:
    """Refuse an account in which a step takes few firms out and tells what they exported."""
    if not gate.protected(path):
        return []
    if path.endswith(".json"):
        steps = pd.DataFrame(read_record(run.root / path)["curves"]["attrition"])
    else:
        steps = read_frame(run.root / path)
    firms = pd.to_numeric(steps["firms_before"]) - pd.to_numeric(steps["firms_after"])
    hit = steps[(firms > 0) & (firms < gate.rules.min_firms) & steps["value_usd_after"].notna()]
    named = zip(hit["name"].head(1), firms[hit.index].head(1), strict=True)
    return [refusal(path, "step", step=str(step), count=int(count)) for step, count in named]


def _place_raw(run: Run, contents: Contents) -> None:
    """Ship raw files that may be given on as they are; refuse the others."""
    for path in run.lineage.sources(run.targets()):
        root, _ = run.rights.place(path)
        if root is None:
            continue
        told = _rows_refused(run, path)
        contents.refusals += told
        if not told:
            contents.files[packaged(run, path)] = run.root / path
        else:
            contents.not_shipped[path] = "rows"
