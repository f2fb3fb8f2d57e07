"""Compare a study's effects and values of cities with what is true in its simulated raw files."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.canonical import read_frame
from citypanel.estimate.recovery import recovered_effects
from citypanel.reporting import job
from citypanel.result import Record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        texts = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in snakemake.input.records}
        record = recovered_effects(
            snakemake.params.declared,
            {name: Record.from_json(text) for name, text in texts.items()},
            read_frame(Path(snakemake.input.panel)),
            Path(snakemake.input.truth),
            Path(snakemake.input.cities),
        )
        with written_beside(Path(snakemake.output.record)) as beside:
            beside.write_text(record.to_json(), encoding="utf-8")
