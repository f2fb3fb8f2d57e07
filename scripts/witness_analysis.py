"""Estimate one analysis again by linearmodels and statsmodels and write how many digits agree with its record."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.canonical import read_frame
from citypanel.estimate.witness import witness_rows
from citypanel.reporting import job
from citypanel.result import Record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        record = Record.from_json(Path(snakemake.input.record).read_text(encoding="utf-8"))
        rows = witness_rows(read_frame(Path(snakemake.input.panel)), snakemake.params.analysis, record)
        with written_beside(Path(snakemake.output.table)) as beside:
            rows.to_csv(beside, index=False)
