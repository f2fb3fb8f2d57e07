"""Estimate one analysis (all columns of one table) and write its result record."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.canonical import read_frame, read_origin
from citypanel.declare.slices import specifications
from citypanel.estimate.analysis import estimate_analysis
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        panel, declared = Path(snakemake.input.panel), snakemake.params.analysis
        record = estimate_analysis(
            read_frame(panel),
            specifications(declared, {Path(path).stem: path for path in snakemake.input.weights}),
            study=declared["study"],
            analysis=declared["analysis"],
            simulated=read_origin(panel).simulated,
            tolerant=declared.get("tolerant", False),
        )
        with written_beside(Path(snakemake.output.record)) as beside:
            beside.write_text(record.to_json(), encoding="utf-8")
