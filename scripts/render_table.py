"""Render one table in every language and format."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.exhibits.render import render_table, write_table_files
from citypanel.reporting import job
from citypanel.result import Record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        records = [Record.from_json(Path(path).read_text(encoding="utf-8")) for path in snakemake.input.records]
        for language in snakemake.params.languages:
            files = [Path(path) for path in snakemake.output if Path(path).stem.endswith(f"_{language}")]
            table = render_table(records, snakemake.params.exhibit, language)
            write_table_files(table, {path.suffix[1:]: path for path in files})
