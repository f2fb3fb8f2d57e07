"""Compute one indicator by city and year, in one variant."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.atomic import written_beside
from citypanel.canonical import combine_origins, read_origin, write_frame
from citypanel.declare.slices import parsed_indicator
from citypanel.indicators.city import attrition_record, city_indicator
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        tables = {Path(path).stem: Path(path) for path in snakemake.input.tables}
        options = parsed_indicator(snakemake.params.indicator, snakemake.params.options)
        values = city_indicator(snakemake.params.indicator, tables, options)
        origin = combine_origins(read_origin(path) for path in tables.values())
        for name, table in values.attrs.pop("beside", {}).items():
            write_frame(table, Path(snakemake.output[name]), origin=origin)
        write_frame(values, Path(snakemake.output.values), origin=origin)
        if account := snakemake.output.get("attrition"):
            record = attrition_record(values, tables, simulated=origin.simulated)
            with written_beside(Path(account)) as beside:
                beside.write_text(record.to_json(), encoding="utf-8")
