"""Join the customs files that were read side by side to one canonical table, with an account of every row."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.declare.intake import CustomsRules
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs_join import join_customs
from citypanel.intake.customs_parts import Part
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        kinds = [snakemake.input[name] for name in ("rows", "rejects", "prints", "things")]
        join_customs(
            [Part(*map(Path, paths)) for paths in zip(*kinds, strict=True)],
            Outputs(**{name: Path(path) for name, path in snakemake.output.items()}),
            CustomsRules(**snakemake.params.rules),
        )
