"""Draw one figure in every language: vector PDF, PNG, and the plotted numbers as CSV."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.exhibits.figures import draw_figure
from citypanel.reporting import job
from citypanel.result import Record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        records = [Record.from_json(Path(path).read_text(encoding="utf-8")) for path in snakemake.input.records]
        shown = {name: list(snakemake.input[name]) for name in ("weights", "pairs", "panel", "cities")}
        for language in snakemake.params.languages:
            files = [Path(path) for path in snakemake.output if Path(path).stem.endswith(f"_{language}")]
            paths = {path.suffix[1:]: path for path in files}
            draw_figure(records, snakemake.params.exhibit, language, paths, shown)
