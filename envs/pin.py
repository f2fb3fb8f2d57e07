"""Write `envs/analysis.yaml` from `pyproject.toml` and `requirements.lock`: `python envs/pin.py` (in `make lock`)."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "3.11"  # the oldest Python that is supported, so that the pins hold for everybody


def runtime_dependencies() -> list[str]:
    """Return the names of the packages that jobs import; snakemake itself brings the jobs its own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=!~\[; ]", text)[0] for text in project["dependencies"]]
    return [name for name in names if name != "snakemake"]


def locked_version(name: str) -> str:
    """Return the version that the lock gives a package under `PYTHON`."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.findall(rf"^{re.escape(name)}==(\S+)(?: ; (\S+ \S+ '\S+'))? \\$", lock, flags=re.MULTILINE)
    for version, marker in found:
        if not marker or "<" in marker:
            return str(version)
    raise SystemExit(f"requirements.lock holds no version of {name} for Python {PYTHON}; run make lock")


def environment() -> str:
    """Return the text of `envs/analysis.yaml`."""
    lines = [
        "# Written by envs/pin.py from pyproject.toml and requirements.lock; a test keeps them equal.",
        "channels: [conda-forge, nodefaults]",
        "dependencies:",
        f"  - python={PYTHON}",
        "  - pip",
        "  - pip:",
        *(f"      - {name}=={locked_version(name)}" for name in runtime_dependencies()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "envs" / "analysis.yaml").write_text(environment(), encoding="utf-8")
