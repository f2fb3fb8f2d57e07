"""The same declarations and raw files give the same bytes: on one core, elsewhere, another day, without a network."""

import shutil
import subprocess
import sys

import pytest

from checkouts import offline, result_hashes

pytestmark = pytest.mark.workflow


def test_every_file_is_the_same_with_another_hash_seed_on_one_core_elsewhere_and_another_day(
    finished, fresh, told
) -> None:
    elsewhere = fresh()
    days = shutil.which("faketime")
    # Threads wait by the monotonic clock; with that one moved they may wait for ever.
    before = (days, "--exclude-monotonic", "-f", "+400d") if days else ()
    done = elsewhere.snakemake(
        cores=1, before=before, env={"PYTHONHASHSEED": "1", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    expected, found = result_hashes(finished.root), result_hashes(elsewhere.root)
    assert found.keys() == expected.keys()
    assert {name for name in expected if expected[name] != found[name]} == set()
    day = "400 days later" if days else "on the same day (faketime is not installed)"
    told(f"determinism: {len(expected)} files the same, {day}")


def test_the_main_job_needs_no_network(finished) -> None:
    if not offline():
        pytest.skip("a network cannot be taken away here (it takes root)")
    # Every run of these tests stands behind the same words; here it is seen that they do what they say.
    program = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)"
    alone = subprocess.run([*offline(), sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "Network is unreachable" in alone.stderr
    assert (finished.root / "results").is_dir()
