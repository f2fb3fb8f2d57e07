"""What the workflow took on the sample, study by study, from the benchmarks of a run: for a package's README.

    snakemake --cores 1 && python benchmarks/replication.py "2 cores of ..., 24 GB, Debian 12"

Rewrites the rows of the run's preset in benchmarks/replication.csv: what the clock showed for each job, added up.
"""

import sys
from pathlib import Path

from citypanel.declare.yaml import read_yaml
from citypanel.package.cost import MEASURED, read_measured, took, write_measured
from citypanel.package.run import load_run


def main(machine: str, preset: str = "") -> None:
    """Measure the run in the current folder."""
    config = read_yaml(Path("config.yaml"))
    config["sample"] = {**config["sample"], **({"preset": preset} if preset else {})}
    target = Path(MEASURED)
    kept = [row for row in read_measured(target) if row["preset"] != config["sample"]["preset"]]
    for study in config["studies"]:
        run = load_run(config, Path(), Path(), "results", [study])
        found = took(run)
        row = [config["sample"]["preset"], study, len(run.jobs()), round(found.seconds), round(found.peak_mb), machine]
        kept.append(dict(zip(("preset", "study", "jobs", "seconds", "peak_mb", "machine"), map(str, row), strict=True)))
    write_measured(target, kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
