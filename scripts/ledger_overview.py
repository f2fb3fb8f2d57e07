"""Join the summaries of all ledgers on one page per language."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.ledger.ledger import write_overview
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        write_overview(
            [Path(path) for path in snakemake.input.summaries],
            [Path(path) for path in snakemake.output.pages],
        )
