"""Kills, full disks, folders that cannot be written, files that cannot be read: the same bytes, or one clear line."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from checkouts import Checkout, result_hashes

pytestmark = pytest.mark.workflow

TARGETS = (
    "results/yrd_cooperation/tables/table4_en.tex",
    "results/yrd_cooperation/figures/figure2_en.png",
    "results/yrd_cooperation/audit/audit.csv",
)
CONFIG = ("--config", "studies=yrd_cooperation")
KILLS = 20
WORKING = 4.0  # mean of the seconds from the first job to a kill: 20 of them go through the run about once
JOB_THAT_FILLS = """
from pathlib import Path
from types import SimpleNamespace
import numpy as np, pandas as pd
from citypanel.canonical import Origin, write_frame
from citypanel.reporting import job

table = pd.DataFrame({{"a": np.random.default_rng(1).random(1_000_000)}})
with job(SimpleNamespace(log=[{log!r}], input=[], output=[], params={{}}, wildcards={{}}, rule="fill")):
    write_frame(table, Path({folder!r}) / "a.parquet", origin=Origin())
"""


def kill_all(run: subprocess.Popen[str]) -> None:
    """Kill a run and whatever it started, at once, as a power cut does."""
    started = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGKILL)
    for process in started:
        if process.is_running():
            process.kill()
    run.wait()


def killed_after(checkout: Checkout, seconds: float) -> bool:
    """Start a run, kill it some seconds after its first job has begun, and return whether it was still at work."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nolock", *TARGETS, *CONFIG]
    run = subprocess.Popen(
        [*command, "sample={preset: tiny}"],
        cwd=checkout.root,
        env={**os.environ, "PYTHONPATH": str(checkout.root / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while run.poll() is None and not scripts_of(run):
        time.sleep(0.05)
    try:
        run.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        kill_all(run)
        return True
    return False


def scripts_of(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the jobs that a run is working on."""
    try:
        return [
            child for child in psutil.Process(run.pid).children(recursive=True) if ".py" in " ".join(child.cmdline())
        ]
    except psutil.Error:
        return []


def test_a_run_killed_at_twenty_random_moments_ends_with_the_same_bytes(fresh, finished, told) -> None:
    disturbed = fresh()
    moments = random.Random(20112020)  # noqa: S311 - moments, not secrets
    survived = wholes = 0
    while survived < KILLS:
        if killed_after(disturbed, moments.expovariate(1 / WORKING)):
            survived += 1
        else:  # it was done before its time: begin anew
            wholes += 1
            shutil.rmtree(disturbed.root / "results")
    done = disturbed.snakemake(*TARGETS, *CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr
    undisturbed, found = result_hashes(finished.root), result_hashes(disturbed.root)
    assert set(TARGETS) <= found.keys()
    assert {name: undisturbed.get(name) for name in found} == found
    told(f"kill -9: survived {survived} kills over {wholes + 1} runs; {len(found)} files the same")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB: the raw files do not fit."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here (it takes root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_one_clear_line_and_leaves_nothing_half_made(fresh, small_disk) -> None:
    checkout = fresh()
    results = small_disk / "results"
    done = checkout.snakemake(
        f"{results}/canonical/yrd_cooperation/exports.parquet", *CONFIG, f"pathvars={{results: {results}}}"
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "free some space" in said, said
    assert "Traceback" not in said, said
    left = [path for path in results.rglob("*") if path.is_file() and "logs" not in path.parts]
    assert left == []


def test_a_disk_that_fills_up_while_a_table_is_written_leaves_no_part_of_it(finished, small_disk) -> None:
    (small_disk / "filler").write_bytes(bytes(2_900_000))
    program = JOB_THAT_FILLS.format(folder=str(small_disk), log=str(small_disk.parent / "job.log"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "No space left on device; free some space and run again" in done.stderr
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_a_read_only_disk_is_named_and_the_run_ends_as_if_nothing_had_been(fresh, tmp_path) -> None:
    checkout = fresh()
    results = checkout.root / "results"
    results.mkdir()
    bound = subprocess.run(["mount", "--bind", str(results), str(results)], capture_output=True, check=False)
    if bound.returncode:
        pytest.skip("a folder cannot be mounted read-only here (it takes root)")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(results)], check=True)
        done = checkout.snakemake(*TARGETS, *CONFIG)
        said = done.stdout + done.stderr
        assert done.returncode != 0
        assert "Read-only file system" in said, said
    finally:
        subprocess.run(["umount", "-l", str(results)], check=True)
    done = checkout.snakemake("results/yrd_cooperation/audit/audit.csv", *CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_raw_file_on_a_lost_disk_is_named_and_no_table_is_made_without_it(fresh, tmp_path) -> None:
    broken = Path("/proc/self/mem")  # reading its first bytes is an input/output error, as on a lost network folder
    if not broken.exists():
        pytest.skip("no file here is known to fail when it is read")
    raw = tmp_path / "raw" / "customs"
    raw.mkdir(parents=True)
    (raw / "a.csv").write_text("party_id,hs_id\n", encoding="utf-8")
    (raw / "b.csv").symlink_to(broken)
    checkout = fresh()
    for folder, file in (("patents", "p.csv"), ("yearbook", "y.csv"), ("world_trade", "w.csv")):
        (raw.parent / folder).mkdir()
        (raw.parent / folder / file).touch()
    done = checkout.snakemake("results/canonical/own/exports.parquet", *CONFIG, f"raw={raw.parent}")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"{raw / 'b.csv'}: Input/output error; check that the disk or network folder is there" in said, said
    assert not (checkout.root / "results" / "canonical").exists()
