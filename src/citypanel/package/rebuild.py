"""The clean-room rebuild: a package unpacked in an empty folder, run again in an environment of its own, compared."""

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Literal

import yaml

from citypanel.canonical import read_frame
from citypanel.declare.config import PANELS
from citypanel.errors import InputError
from citypanel.package.archive import MANIFEST, Entry, read_manifest, unpack
from citypanel.package.needs import results_in_need
from citypanel.receipts import sha256

Outcome = Literal["same bytes", "same text", "given", "in need", "differs", "missing"]
_BAD = ("differs", "missing")
COMPARED = ("results/", "data/")
# What a package without raw files starts from.
GIVEN = ("/panel.parquet", "/panel_report.csv")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SOURCE_DATE_EPOCH", "PIP_CONFIG_FILE", "PIP_INDEX_URL")
_LINES = 15  # of a failed command's output that are shown


@dataclass(frozen=True)
class Compared:
    """One result: how what was made again compares with what the package holds."""

    path: str
    outcome: Outcome


@dataclass(frozen=True)
class Rebuilt:
    """A rebuild: every result, in which environment, and what the run said where it failed."""

    results: Sequence[Compared]
    environment_en: str
    environment_zh: str
    fault: str = ""

    @property
    def whole(self) -> bool:
        """Whether every result came out the same."""
        return not self.fault and not any(item.outcome in _BAD for item in self.results)


def rebuild(archive: Path, folder: Path, *, python: Path | None = None, cores: int = 1) -> Rebuilt:
    """Unpack a package, run it and compare.

    Parameters
    ----------
    archive : Path
        A package.
    folder : Path
        An empty or absent folder.
    python : Path, optional
        An interpreter whose environment has the locked packages; by default a fresh one is made and the packages are
        installed from the lock, as pip is configured.
    cores : int

    Raises
    ------
    InputError
        The archive is no package, or the environment cannot be made.
    """
    folder = folder.resolve()
    unpack(archive, folder)
    manifest = read_manifest((folder / MANIFEST).read_text(encoding="utf-8"), str(archive))
    shipped = folder.parent / f"{folder.name}_shipped"
    shutil.rmtree(shipped, ignore_errors=True)
    shipped.mkdir()
    starts_from_panels = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8")).get("raw") == PANELS
    for name in ("results", "data"):
        if (folder / name).is_dir():
            shutil.move(folder / name, shipped / name)
    if starts_from_panels:
        _give_back(shipped, folder)
    interpreter = python or _fresh_environment(folder)
    fault = _run(folder, interpreter, cores, keep_going=starts_from_panels)
    write_panel_csvs(folder)
    found = compare(manifest, folder, shipped=shipped / "results", given=starts_from_panels)
    if starts_from_panels:
        in_need = results_in_need(folder, shipped / "results")
        found = [_explained(item, in_need) for item in found]
        # Jobs that need a variable that is not there fail, and are known to.
        fault = fault if any(item.outcome in _BAD for item in found) else ""
    own = python is None
    version = _version(interpreter)
    return Rebuilt(
        found,
        f"Python {version}, {'a fresh environment installed from requirements.lock' if own else 'a given environment'}",
        f"Python {version}，{'由 requirements.lock 新建的环境' if own else '给定的环境'}",
        fault,
    )


def _explained(item: Compared, in_need: Collection[str]) -> Compared:
    """Return a result that was not made as one in need, where it needs what does not leave."""
    return replace(item, outcome="in need") if item.outcome == "missing" and item.path in in_need else item


def _give_back(shipped: Path, folder: Path) -> None:
    """Put back what a run without raw files starts from."""
    for path in shipped.rglob("*"):
        name = path.relative_to(shipped).as_posix()
        if path.is_file() and is_given(name):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def is_given(name: str) -> bool:
    """Return whether a run without raw files takes a result as it is."""
    return name.endswith(GIVEN) or name.startswith(("results/indicators/", "results/intake/"))


def _fresh_environment(folder: Path) -> Path:
    """Make a virtual environment in the folder and install the locked packages and the library."""
    place = folder / ".venv"
    interpreter = place / "bin" / "python"
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    commands = (
        [sys.executable, "-m", "venv", str(place)],
        [*pip, "--require-hashes", "-r", "requirements.lock"],
        [*pip, "--no-deps", "-e", "."],
    )
    for command in commands:
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise InputError(f"the environment of the rebuild cannot be made: {_last(done.stderr or done.stdout)}")
    return interpreter


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of the rebuild: nothing of ours but what finds programs and packages."""
    kept = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("PIP_")}
    return {**kept, "PYTHONPATH": str(folder / "src")}


def _run(folder: Path, interpreter: Path, cores: int, *, keep_going: bool) -> str:
    """Run the workflow; return the end of what it said where it failed."""
    command = [str(interpreter), "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *(["--keep-going"] if keep_going else [])],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    return _last(done.stderr + done.stdout) if done.returncode else ""


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-_LINES:])


def _version(interpreter: Path) -> str:
    code = "import platform; print(platform.python_version())"
    done = subprocess.run(  # noqa: S603 - our own command
        [str(interpreter), "-c", code], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def write_panel_csvs(folder: Path) -> None:
    """Write each study's panel as CSV below `data/`, as a package holds it."""
    for panel in sorted((folder / "results").glob("*/panel.parquet")):
        target = folder / "data" / f"{panel.parent.name}.csv"
        target.parent.mkdir(exist_ok=True)
        read_frame(panel).to_csv(target, index=False, lineterminator="\n", encoding="utf-8")


def compare(
    manifest: Mapping[str, Entry], folder: Path, *, shipped: Path | None = None, given: bool = False
) -> list[Compared]:
    """Compare the results in a folder with a manifest, byte for byte; a PDF that differs by its text.

    Parameters
    ----------
    shipped : Path, optional
        The folder of results that came with the package, for the text of its PDFs.
    given : bool
        Whether the run started from panels, which then were given and not made again.
    """
    found = []
    for name, entry in sorted(manifest.items()):
        if not name.startswith(COMPARED):
            continue
        path = folder / name
        if not path.is_file():
            outcome: Outcome = "missing"
        elif given and (is_given(name) or name.startswith("data/")):
            outcome = "given" if sha256(path) == entry.sha256 else "differs"
        elif sha256(path) == entry.sha256:
            outcome = "same bytes"
        else:
            outcome = (
                "same text"
                if _same_text(path, shipped / name.removeprefix("results/") if shipped else None)
                else "differs"
            )
        found.append(Compared(name, outcome))
    return found


def _same_text(path: Path, other: Path | None) -> bool:
    """Return whether two PDFs hold the same text; fonts of another machine may draw it otherwise."""
    if path.suffix != ".pdf" or other is None or not other.is_file() or shutil.which("pdftotext") is None:
        return False
    texts = [
        subprocess.run(  # noqa: S603 - a program of the system on our own file
            ["pdftotext", "-layout", str(file), "-"],  # noqa: S607 - found on the path
            capture_output=True,
            check=False,
        ).stdout
        for file in (path, other)
    ]
    return texts[0] == texts[1] != b""


def told(rebuilt: Rebuilt) -> str:
    """Return a rebuild in one line."""
    in_need = sum(item.outcome == "in need" for item in rebuilt.results)
    same = sum(item.outcome not in (*_BAD, "in need") for item in rebuilt.results)
    other = f", {in_need} need what does not leave" if in_need else ""
    return f"{same} of {len(rebuilt.results)} results are the same{other} ({rebuilt.environment_en})"


def report(rebuilt: Rebuilt) -> dict[str, str]:
    """Return the report of a rebuild as files of the package: `REBUILD.md` and `REBUILD.csv`."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([field.name for field in fields(Compared)])
    writer.writerows(astuple(item) for item in rebuilt.results)
    counts = {outcome: sum(item.outcome == outcome for item in rebuilt.results) for outcome in _ORDER}
    told = [f"| {outcome} / {_ORDER[outcome]} | {count} |" for outcome, count in counts.items() if count]
    bad = [item for item in rebuilt.results if item.outcome in _BAD]
    verdict = _verdict(rebuilt, len(bad))
    lines = [
        "# Rebuild / 重建",
        "",
        f"The package was unpacked in an empty folder and run again ({rebuilt.environment_en}). {verdict[0]}",
        "",
        f"本包在空文件夹中解压并重新运行（{rebuilt.environment_zh}）。{verdict[1]}",
        "",
        "| Compared with what the package holds / 与包内结果相比 | Files / 文件数 |",
        "|---|---|",
        *told,
        "",
        *(f"- `{item.path}`: {item.outcome}" for item in bad[:50]),
        *([f"\nThe run ended with: {rebuilt.fault}"] if rebuilt.fault else []),
        "Each result: `REBUILD.csv`. / 逐个结果见 `REBUILD.csv`。",
        "",
    ]
    return {"REBUILD.md": "\n".join(lines), "REBUILD.csv": target.getvalue()}


def _verdict(rebuilt: Rebuilt, bad: int) -> tuple[str, str]:
    if rebuilt.fault and not bad:
        return "The run ended with a fault.", "运行以错误结束。"
    if not rebuilt.whole:
        return f"{bad} results did not come out the same.", f"{bad} 个结果不一致。"
    in_need = sum(item.outcome == "in need" for item in rebuilt.results)
    if in_need:
        english = f"Every result that the package can make came out the same; {in_need} need what does not leave"
        return (
            f"{english} (`REFUSALS.csv`).",
            f"包内数据可得到的结果全部一致；{in_need} 个需要不得提供的变量（`REFUSALS.csv`）。",
        )
    return "Every result came out the same.", "全部结果一致。"


_ORDER = {
    "same bytes": "逐字节相同",
    "same text": "文本相同（PDF）",
    "given": "作为输入给定",
    "in need": "需要不得提供的变量",
    "differs": "不同",
    "missing": "缺失",
}
