"""Assemble a study's panel and report where each variable comes from."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.canonical import combine_origins, read_origin, write_frame
from citypanel.panel.assemble import assemble_panel
from citypanel.registers import Registers
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        indicators = [Path(path) for path in snakemake.input.indicators]
        tables = [Path(path) for path in snakemake.input.tables]
        registers = Registers(policies=[Path(path) for path in snakemake.input.policies])
        built = assemble_panel(snakemake.params.declared, indicators, tables, registers)
        with written_beside(Path(snakemake.output.report)) as beside:
            built.report.to_csv(beside, index=False)
        origin = combine_origins(read_origin(path) for path in [*indicators, *tables])
        write_frame(built.panel, Path(snakemake.output.panel), origin=origin)
