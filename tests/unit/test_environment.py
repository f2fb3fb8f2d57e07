"""The lock, `pyproject.toml` and `envs/` agree; no file holds the address of a package registry."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

# Spelt in pieces, so that this file does not hold what it looks for.
REGISTRIES = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "conda." + "anaconda.org")


def names(dependencies: list[str]) -> list[str]:
    return [re.split(r"[<>=!~\[; ]", text)[0].lower() for text in dependencies]


def test_the_conda_environment_is_that_of_the_lock(project: Path) -> None:
    spec = importlib.util.spec_from_file_location("pin", project / "envs" / "pin.py")
    assert spec is not None
    assert spec.loader is not None
    pin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pin)
    assert (project / "envs" / "analysis.yaml").read_text(encoding="utf-8") == pin.environment(), "run: make lock"


def test_every_declared_dependency_is_locked_with_hashes(project: Path) -> None:
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    lock = (project / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower() for name in re.findall(r"^([A-Za-z0-9_.-]+)==", lock, flags=re.MULTILINE)}
    wanted = names(declared["project"]["dependencies"]) + names(declared["dependency-groups"]["dev"])
    assert set(wanted) <= locked
    entries = re.split(r"\n(?=[A-Za-z0-9_.-]+==)", lock)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def pins(lock: str) -> dict[str, set[str]]:
    """Return the versions that a lock pins, by package; more than one where they depend on the Python."""
    found: dict[str, set[str]] = {}
    for name, pinned in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", lock, flags=re.MULTILINE):
        found.setdefault(name.lower(), set()).add(pinned)
    return found


def test_the_lock_of_the_cluster_plugin_is_that_of_the_project_with_the_plugin_alone_added(project: Path) -> None:
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = declared["optional-dependencies"]["slurm"]
    text = (project / "envs" / "slurm.txt").read_text(encoding="utf-8")
    own, common = pins(text), pins((project / "requirements.lock").read_text(encoding="utf-8"))
    name, allowed = re.match(r"([a-z-]+)(.*)", wanted).groups()
    assert all(version in SpecifierSet(allowed) for version in own[name])
    assert own.keys() - common.keys() == {name, f"{name}-jobstep"}
    assert {
        package: versions for package, versions in own.items() if not versions <= common.get(package, versions)
    } == {}
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[A-Za-z0-9_.-]+==)", text)[1:])


def test_what_is_installed_is_what_is_locked(project: Path) -> None:
    from importlib.metadata import version

    lock = (project / "requirements.lock").read_text(encoding="utf-8")
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in names(declared["dependencies"]):
        pinned = re.findall(rf"^{re.escape(name)}==(\S+)", lock, flags=re.MULTILINE | re.IGNORECASE)
        assert version(name) in pinned, f"{name} {version(name)} is installed; locked: {pinned}"


def test_no_tracked_file_holds_a_registry_address(project: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=project, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    for name in listed.stdout.split("\n"):
        path = project / name
        if path.is_file() and path.suffix not in (".png", ".parquet", ".xlsx"):
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not [host for host in REGISTRIES if host in text], name


def test_the_version_has_one_source(project: Path) -> None:
    from citypanel import __version__

    assert f"version: {__version__}" in (project / "CITATION.cff").read_text(encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "citypanel", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == __version__
