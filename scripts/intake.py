"""Read the raw files of one kind into a canonical table, with an account of every row."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.intake.accounting import Outputs
from citypanel.intake.table import intake_table
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        intake_table(
            snakemake.params.table,
            [Path(path) for path in snakemake.input.files],
            Outputs(**{name: Path(snakemake.output[name]) for name in ("table", "rejects", "attrition", "files")}),
            root=Path(snakemake.params.root),
            rules=snakemake.params.rules,
        )
