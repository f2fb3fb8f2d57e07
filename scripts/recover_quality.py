"""Compare quality estimated from simulated customs records with the quality that is true there."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.indicators.recovery import recovered_quality
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        exports, truth, flows = (Path(snakemake.input[name]) for name in ("exports", "truth", "flows"))
        record = recovered_quality(exports, truth, flows, snakemake.wildcards.study)
        with written_beside(Path(snakemake.output.record)) as beside:
            beside.write_text(record.to_json(), encoding="utf-8")
