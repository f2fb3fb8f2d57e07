"""Compare every printed cell of a study with its records, and write the ledger's tables, pages and summary."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.ledger.ledger import study_ledger, write_ledger
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        ledger = study_ledger(
            snakemake.params.declared,
            [Path(path) for path in snakemake.input.printed],
            [Path(path) for path in snakemake.input.records],
            [Path(path) for path in snakemake.input.variants],
            audit=Path(snakemake.input.audit),
            calibrated=snakemake.params.calibrated,
        )
        write_ledger(ledger, Path(snakemake.output.summary).parent)
