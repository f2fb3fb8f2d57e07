"""Read some customs files by themselves: typed rows, rejects, prints of rows, and what is counted of them."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.declare.intake import CustomsRules
from citypanel.intake.customs import read_customs
from citypanel.intake.customs_parts import Part
from citypanel.intake.table import marked_origin
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        root = Path(snakemake.params.root)
        read_customs(
            [Path(path) for path in snakemake.input.files],
            Part(*(Path(snakemake.output[name]) for name in ("rows", "rejects", "prints", "things"))),
            beside=[Path(path) for path in snakemake.input.beside],
            root=root,
            origin=marked_origin(root),
            rules=CustomsRules(**snakemake.params.rules),
        )
