"""Join the second witness's tables, sum them up per study, and fail where a number disagrees."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.estimate.witness import agreement, read_rows, require_agreement
from citypanel.reporting import job, log

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        rows = read_rows(snakemake.input.tables)
        summary = agreement(rows)
        log.info("%s", summary.to_string(index=False))
        require_agreement(rows)
        for table, path in ((rows, snakemake.output.table), (summary, snakemake.output.summary)):
            with written_beside(Path(path)) as beside:
                table.to_csv(beside, index=False)
