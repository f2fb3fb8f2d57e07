"""The workflow on a real Slurm of virtual nodes, one of which dies in the middle."""

import time

import pytest

from checkouts import copy_checkout, result_hashes

pytestmark = [pytest.mark.workflow, pytest.mark.cluster]

# Two exhibits, which travel as one job of a group.
TARGETS = (
    "results/yrd_cooperation/tables/table2_en.tex",
    "results/yrd_cooperation/tables/table4_en.tex",
)
CONFIG = ("--config", "studies=yrd_cooperation")
MINUTES = 10


def test_a_node_dies_in_the_middle_and_the_run_ends_with_the_same_bytes(tmp_path, cluster, request, told) -> None:
    root = copy_checkout(tmp_path / "checkout").root
    run = cluster.snakemake(root, *TARGETS, *CONFIG, "sample={preset: tiny}")
    killed = _kill_a_busy_node(cluster, run)
    said, _ = run.communicate(timeout=60 * MINUTES)
    assert run.returncode == 0, said
    assert {cluster.restarts(job) for job in killed} == {1}, said
    found = result_hashes(root)
    assert set(TARGETS) <= found.keys()
    # Asked for at the end: by then another worker has made it, without a cluster.
    local = result_hashes(request.getfixturevalue("finished").root)
    assert {name: local.get(name) for name in found} == found
    told(f"Slurm: 1 of 3 nodes killed with {len(killed)} job(s) on it; {len(found)} files the same")


def _kill_a_busy_node(cluster, run) -> list[str]:
    """Wait for a node with a job that has begun to work, and kill it."""
    for _ in range(60 * MINUTES):
        assert run.poll() is None, run.communicate()[0]
        for node in ("n1", "n2", "n3"):
            if cluster.running_on(node):
                time.sleep(1)
                if jobs := cluster.kill(node):
                    return jobs
        time.sleep(0.5)
    raise AssertionError("no job was seen on a node")
