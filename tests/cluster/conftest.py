"""A real Slurm of three virtual nodes on this machine, without systemd, cgroups or an accounting database."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue", "scontrol")
# The executor plugin takes SLURM_CONF out of a job's environment, so the file must lie where Slurm looks by itself.
SYSTEM_CONFIGURATION = Path("/etc/slurm/slurm.conf")
NODES = ("n1", "n2", "n3")
FIRST_PORT = 17001
CONFIGURATION = """\
ClusterName=virtual
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17000
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# cred_expire: so many seconds does a job of a dead node wait before it starts again (120 by default).
AuthInfo=socket={folder}/munge.socket,cred_expire=20
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
MinJobAge=300
SlurmdTimeout=10
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0
PropagateResourceLimits=NONE
{nodes}
PartitionName=virtual Nodes=ALL Default=YES MaxTime=60 State=UP
"""
# The plugin waits ten seconds longer after every look that finds nothing new, which no option changes. Nodes on one
# machine answer at once: here it looks every two seconds. All else is the plugin's own.
SUBMIT = """
import sys
from snakemake_executor_plugin_slurm import Executor
Executor.next_seconds_between_status_checks = property(lambda self: 2, lambda self, seconds: None)
from snakemake.cli import main
main(sys.argv[1:])
"""


@dataclass(frozen=True)
class Cluster:
    """Virtual nodes, and what a test does to them."""

    folder: Path
    plugin: Path

    def snakemake(self, checkout: Path, *arguments: str) -> subprocess.Popen[str]:
        """Start a run that submits its jobs."""
        settings = ("--slurm-no-account", "--slurm-status-command", "squeue", "--slurm-keep-successful-logs")
        command = [sys.executable, "-c", SUBMIT, "--profile", "profiles/slurm", "--jobs", "6", *settings]
        where = ["--default-resources", "slurm_partition=virtual", "runtime=10", "mem_mb=500", "--latency-wait", "10"]
        return subprocess.Popen(
            [*command, *where, *arguments],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout / "src"), str(self.plugin)])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def running_on(self, node: str) -> list[str]:
        """Return the jobs that run on a node."""
        asked = ["squeue", "--noheader", "--states=RUNNING", "--format=%A", f"--nodelist={node}"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()

    def restarts(self, job: str) -> int:
        """Return how often Slurm has put a job back into the queue, as it does when its node dies."""
        asked = ["scontrol", "show", "job", job]
        shown = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        return int(shown.partition("Restarts=")[2].split()[0])

    def kill(self, node: str) -> list[str]:
        """Kill a node's daemon and all that runs on it, as a power cut does; return the jobs that were running."""
        jobs = self.running_on(node)
        os.kill(int((self.folder / f"slurmd-{node}.pid").read_text()), signal.SIGKILL)
        for process in psutil.process_iter():
            try:
                steps = [f"slurmstepd: [{job}." for job in jobs]
                stepping = any(step in " ".join(process.cmdline()) for step in steps)
                if stepping or process.environ().get("SLURMD_NODENAME") == node:
                    process.kill()
            except psutil.Error:
                continue
        return jobs


def _why_not() -> str:
    """Return why no Slurm can be brought up here; empty where it can."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if missing:
        return f"{', '.join(missing)} not installed (Debian packages slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "virtual nodes are started by root"
    if SYSTEM_CONFIGURATION.exists():
        return f"{SYSTEM_CONFIGURATION} is there: this machine has a Slurm of its own"
    return ""


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executor plugin of envs/slurm.txt, outside the environment: nothing else starts slower for it."""
    folder = tmp_path_factory.mktemp("plugin")
    asked = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--target", str(folder)]
    lock = (PROJECT / "envs" / "slurm.txt").read_text(encoding="utf-8")
    wanted = folder / "plugin.txt"
    wanted.write_text(_entries_of(lock, ("snakemake-executor-plugin-slurm", "throttler")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *asked, "-r", str(wanted)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the executor plugin cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return folder


def _entries_of(lock: str, names: tuple[str, ...]) -> str:
    """Return the entries of a lock whose package's name begins with one of these; the rest is installed already."""
    kept, lines = False, []
    for line in lock.splitlines():
        if line[:1].isalpha():
            kept = line.startswith(names)
        if kept:
            lines.append(line)
    return "\n".join(lines) + "\n"


@pytest.fixture
def cluster(tmp_path: Path, plugin: Path) -> Iterator[Cluster]:
    """Bring up Slurm with three virtual nodes, and take it down whatever happens."""
    if reason := _why_not():
        pytest.skip(reason)
    host = socket.gethostname().partition(".")[0]
    for name in ("state", "munge", *(f"spool-{node}" for node in NODES)):
        (tmp_path / name).mkdir(mode=0o700)
    nodes = "\n".join(
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={FIRST_PORT + n} CPUs=8 RealMemory=16000"
        for n, name in enumerate(NODES)
    )
    SYSTEM_CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    SYSTEM_CONFIGURATION.write_text(CONFIGURATION.format(host=host, folder=tmp_path, nodes=nodes), encoding="utf-8")
    try:
        _start(tmp_path)
        yield Cluster(tmp_path, plugin)
    finally:
        subprocess.run(["scancel", "--user=root"], capture_output=True, check=False)
        SYSTEM_CONFIGURATION.unlink()
        for name in ("slurmctld.pid", *(f"slurmd-{node}.pid" for node in NODES), "munge/pid"):
            _stop(tmp_path / name)


def _start(folder: Path) -> None:
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    files = {"key-file": key, "socket": folder / "munge.socket", "pid-file": folder / "munge" / "pid"}
    files |= {"log-file": folder / "munge" / "log", "seed-file": folder / "munge" / "seed"}
    path = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    for command in (
        ["munged", *(f"--{name}={file}" for name, file in files.items()), "--force"],
        ["slurmctld", "-c"],
        *(["slurmd", "-N", node] for node in NODES),
    ):
        subprocess.run(command, check=True, env=path, capture_output=True)
    for _ in range(100):
        ready = subprocess.run(["sinfo", "--noheader", "--format=%t %D"], capture_output=True, text=True, check=False)
        if ready.stdout.split() == ["idle", str(len(NODES))]:
            return
        time.sleep(0.2)
    raise AssertionError(f"Slurm is not ready: {ready.stdout}{ready.stderr}")


def _stop(pid_file: Path) -> None:
    try:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
    except (OSError, ValueError):
        return
