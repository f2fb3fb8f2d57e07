"""`citypanel package [STUDY...]`: the replication package of a finished run, built, rebuilt or compared."""

import argparse
import csv
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from citypanel.errors import CitypanelError, InputError

EXAMPLE = """example:
  snakemake --cores all && citypanel package
  citypanel package yrd_cooperation --out deposit.zip --rebuild
  citypanel package --check MANIFEST.csv"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare studies, output, variant, and the two ways to compare."""
    command.epilog = EXAMPLE
    command.add_argument("studies", nargs="*", metavar="STUDY", help="default: those of config.yaml")
    command.add_argument("--out", type=Path, metavar="FILE.zip", help="default results/package/VARIANT.zip")
    command.add_argument("--variant", choices=("public", "restricted"), default="public", help="default public")
    command.add_argument("--folder", type=Path, default=Path(), metavar="DIR", help="where snakemake ran; default here")
    command.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="as given to snakemake; repeatable"
    )
    command.add_argument("--rebuild", action="store_true", help="unpack it, run it again, compare, and say so in it")
    command.add_argument("--python", type=Path, metavar="FILE", help="interpreter of the rebuild; default a fresh one")
    command.add_argument("--cores", type=int, default=1, metavar="N", help="of the rebuild; default 1")
    command.add_argument("--check", type=Path, metavar="MANIFEST", help="only compare the results here with a manifest")


def run(arguments: argparse.Namespace) -> None:
    """Build the package, or compare results with a manifest; print what a user has to know."""
    if arguments.check is not None:
        _check(arguments.check, arguments.folder)
        return
    from citypanel.declare.config import parse_config, study_folder
    from citypanel.package.build import build_package, summary
    from citypanel.package.rebuild import rebuild, report, told
    from citypanel.package.run import load_run

    base = arguments.folder
    config = _config(base, arguments.config)
    for study in arguments.studies:
        study_folder(parse_config(config), study, base)
    results = str(config.get("pathvars", {}).get("results", "results"))
    found = load_run(config, base, base, results, arguments.studies)
    # The receipts name the file at fault; snakemake also knows what would be made otherwise now.
    found.lineage.verify(found.targets())
    _require_fresh(base, arguments.config, arguments.studies)
    if any(source.protects for path in found.targets() for source in found.rights.behind(path)):
        _snakemake(base, arguments.config, "contributors", "--cores", "1", "--quiet", "all")
        found = load_run(config, base, base, results, arguments.studies)
    archive = arguments.out or base / results / "package" / f"{arguments.variant}.zip"
    built = build_package(found, arguments.variant, archive)
    if arguments.rebuild:
        with tempfile.TemporaryDirectory(prefix="citypanel-rebuild") as room:
            again = rebuild(archive, Path(room) / "package", python=arguments.python, cores=arguments.cores)
        built = build_package(found, arguments.variant, archive, rebuild=report(again))
        print(f"rebuilt: {told(again)}")
    print("\n".join(summary(built)))


def _config(base: Path, given: list[str]) -> dict[str, Any]:
    """Return the configuration as snakemake would see it."""
    import yaml

    from citypanel.declare.yaml import read_yaml

    config: dict[str, Any] = read_yaml(base / "config.yaml")
    for text in given:
        key, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"--config '{text}': KEY=VALUE is expected")
        parsed, known = yaml.safe_load(value), config.get(key)
        config[key] = {**known, **parsed} if isinstance(known, dict) and isinstance(parsed, dict) else parsed
    return config


def _require_fresh(base: Path, config: list[str], studies: list[str]) -> None:
    """Refuse results that snakemake would make again: a changed declaration, code or input."""
    targets = studies or ["all"]
    lines = _snakemake(base, config, "--summary", *targets)
    for row in csv.DictReader(io.StringIO(lines[lines.find("output_file") :]), delimiter="\t"):
        if row["plan"] != "no update" and row["status"] != "ok":
            what = "is missing" if row["status"] == "missing" else f"is stale ({row['status']})"
            raise InputError(f"{row['output_file']} {what}; run snakemake again, with the --config given to it")


def _snakemake(base: Path, config: list[str], *arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", *arguments]
    joined = ["--config", *config] if config else []
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *joined], cwd=base, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("error:")] or done.stderr.splitlines()[-1:]
        raise CitypanelError(said[0].removeprefix("error: ") if said else "snakemake failed")
    return done.stdout


def _check(manifest: Path, folder: Path) -> None:
    from citypanel.package.archive import read_manifest
    from citypanel.package.rebuild import compare, write_panel_csvs

    if not manifest.is_file():
        raise InputError(f"{manifest}: there is no such file; a package holds MANIFEST.csv")
    shipped = folder / "results_shipped"
    try:
        known = read_manifest(manifest.read_text(encoding="utf-8"), str(manifest))
    except UnicodeDecodeError:
        raise InputError(f"{manifest} is no text; the MANIFEST.csv of a package is expected") from None
    write_panel_csvs(folder)
    found = compare(known, folder, shipped=shipped if shipped.is_dir() else None)
    if all(item.outcome == "missing" for item in found):
        raise InputError(
            f"{manifest} is the manifest of another package: none of its {len(found)} results is here; "
            "take the MANIFEST.csv that came with these results"
        )
    bad = [item for item in found if item.outcome in ("differs", "missing")]
    for item in bad:
        print(f"{item.path}: {item.outcome}")
    print(f"{len(found) - len(bad)} of {len(found)} results are the same as in the package")
    if bad:
        raise InputError(f"{len(bad)} results are not those of the package, the first {bad[0].path}")
