"""Compile a study's tables and figures to one PDF in one language."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.exhibits.paper import compile_paper
from citypanel.reporting import job
from citypanel.result import any_simulated

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        language = snakemake.wildcards.language
        fragments = {Path(path).stem: Path(path) for path in snakemake.input.fragments if path.endswith(".tex")}
        compile_paper(
            snakemake.params.title,
            {name: fragments[f"{name}_{language}"] for name in snakemake.params.exhibits},
            language,
            Path(snakemake.output.pdf),
            simulated=any_simulated(Path(path) for path in snakemake.input.records),
        )
