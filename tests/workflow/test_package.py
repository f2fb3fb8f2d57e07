"""The package of a finished run, and the way of a printed number, on the tiny preset."""

import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml

from citypanel.errors import InputError
from citypanel.package.archive import read_manifest
from citypanel.package.build import build_package
from citypanel.package.checks import failed
from citypanel.package.run import load_run
from citypanel.package.why import why

pytestmark = pytest.mark.workflow

STUDY = "yrd_cooperation"
PROJECT = Path(__file__).resolve().parents[2]
TABLE = f"results/{STUDY}/tables/table4_en.csv"
BUILD = """
import sys
from pathlib import Path
from test_package import built_in
built_in(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def built_in(root: Path, archive: Path):
    config = yaml.safe_load((root / "config.yaml").read_text(encoding="utf-8"))
    config["sample"] = {**config.get("sample", {}), "preset": "tiny"}
    return build_package(load_run(config, root, root, "results", [STUDY]), "public", archive)


@pytest.fixture(scope="module")
def root(finished) -> Path:
    """The finished checkout with the files that only a package needs."""
    for name in ("LICENSE", "CITATION.cff", "CHANGELOG.md", "Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy2(PROJECT / name, finished.root / name)
    for name in ("docs", "benchmarks"):
        shutil.copytree(PROJECT / name, finished.root / name, dirs_exist_ok=True)
    return finished.root


@pytest.fixture(scope="module")
def built(root, tmp_path_factory):
    return built_in(root, tmp_path_factory.mktemp("package") / "public.zip")


def test_the_package_holds_what_its_manifest_says_and_every_exhibit(built) -> None:
    with zipfile.ZipFile(built.archive) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    manifest = read_manifest(texts["MANIFEST.csv"].decode(), "MANIFEST.csv")
    assert {*manifest, "MANIFEST.csv"} == set(texts)
    for name, entry in manifest.items():
        assert (len(texts[name]), hashlib.sha256(texts[name]).hexdigest()) == (entry.bytes, entry.sha256), name
    listed = list(csv.DictReader(io.StringIO(texts["EXHIBITS.csv"].decode())))
    assert {row["output"] for row in listed} <= set(texts)
    for row in listed:
        line = texts[row["program"]].decode().splitlines()[int(row["line"]) - 1]
        assert "render_table(" in line or "draw_figure(" in line
        declared = texts[row["declared_in"]].decode().splitlines()[int(row["declared_line"]) - 1]
        assert declared.strip().startswith(f"{row['exhibit']}:")
        study = texts[row["declared_in"]].decode().splitlines()
        for analysis, at in zip(row["analyses"].split(), row["analyses_lines"].split(), strict=True):
            assert study[int(at) - 1].strip().startswith(f"{analysis}:")
        if row["analyses"]:
            called = texts[row["estimated_by"]].decode().splitlines()[int(row["estimated_line"]) - 1]
            assert "estimate_analysis(" in called


def test_every_seed_in_the_readme_stands_in_its_line(built) -> None:
    with zipfile.ZipFile(built.archive) as archive:
        readme = archive.read("README.md").decode()
        found = re.findall(r"^\| (\d+) \| `([^`]+)` \| (\d+) \|", readme, flags=re.MULTILINE)
        assert {"config.yaml", "src/citypanel/estimate/moran.py"} <= {file for _, file, _ in found}
        for value, file, line in found:
            assert value in archive.read(file).decode().splitlines()[int(line) - 1]


def test_every_data_file_and_column_is_in_the_codebook_with_unit_source_and_both_meanings(built) -> None:
    with zipfile.ZipFile(built.archive) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("CODEBOOK.csv").decode())))
        names = {name for name in archive.namelist() if name.endswith((".csv", ".parquet")) and "/" in name}
    assert {row["file"] for row in rows} == names
    for row in rows:
        assert row["source"]
        assert row["meaning_en"]
        assert row["meaning_zh"]
        if row["type"] in ("integer", "number"):
            assert row["unit"], (row["file"], row["column"])
            assert row["unit_zh"]


def test_every_check_holds(built) -> None:
    assert failed(built.checks) == []


def test_no_raw_or_canonical_row_is_in_it(built) -> None:
    names = [entry.path for entry in built.entries]
    assert not [name for name in names if "/canonical/" in name or "/raw/" in name or name.endswith("rejects.parquet")]


def test_another_hash_seed_another_day_and_a_slower_run_give_the_same_bytes(root, built, tmp_path) -> None:
    for path in root.rglob("*.csv"):
        os.utime(path, (1_500_000_000, 1_500_000_000))
    # What another run would have taken, across the brackets of time and memory.
    for path in (root / "results" / "benchmarks").rglob("*.tsv"):
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        slower = dict(zip(lines[0], lines[1], strict=True)) | {"s": "5000", "max_rss": "70000"}
        path.write_text("\t".join(slower) + "\n" + "\t".join(slower.values()) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(root), str(tmp_path / "again.zip")],
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": f"{PROJECT / 'src'}:{Path(__file__).parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.zip").read_bytes() == built.archive.read_bytes()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (TABLE, f"{TABLE} was changed after rule render_table wrote it"),
        (f"results/{STUDY}/estimates/baseline.json", "baseline.json was changed after rule estimate wrote it"),
        ("registers/cities.csv", "is stale: registers/cities.csv has changed since rule"),
        (f"results/raw/{STUDY}/customs/customs_2011.csv", "customs_2011.csv was changed after rule simulate_sample"),
    ],
)
def test_what_was_edited_after_its_job_is_refused_by_name(root, tmp_path, path, message) -> None:
    file = root / path
    before = file.read_bytes()
    file.write_bytes(before + b" ")
    try:
        with pytest.raises(InputError) as error:
            built_in(root, tmp_path / "x.zip")
    finally:
        file.write_bytes(before)
    assert message in str(error.value)
    assert not (tmp_path / "x.zip").exists()


def test_a_printed_number_leads_to_its_record_and_to_the_raw_rows(root) -> None:
    found = why(STUDY, "table4", "1", "inno", root=root)
    estimate, statistic = found["cells"]
    assert estimate["pointer"] == "/columns/0/terms/0/estimate"
    assert statistic["pointer"] == "/columns/0/terms/0/statistic"
    assert found["panel"]["rows"] == found["panel"]["rows_estimated"] == 410
    assert found["licences"] == ["simulated"]
    customs = [item for item in found["raw"] if item["file"].startswith("customs/")]
    for item in customs:
        file = root / "results" / "raw" / STUDY / item["file"]
        assert item["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    # The rows are those of the 41 cities in the canonical table, counted by another way.
    exports = pd.read_parquet(root / "results" / "canonical" / STUDY / "exports.parquet")
    own = exports[exports["city_producing"].isin(found["panel"]["cities"])]
    assert {item["file"]: item["rows"] for item in customs} == own.groupby("source_file").size().to_dict()
