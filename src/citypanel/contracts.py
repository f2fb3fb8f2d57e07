"""What each canonical table holds: columns, types, units, allowed values and keys."""

from dataclasses import dataclass

import pyarrow as pa

APPLICANT = pa.struct(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("adcode", pa.int32()),
        pa.field("resolved_by", pa.string(), nullable=False),
        pa.field("confidence", pa.string()),  # high, medium, low; missing where unresolved or not stated
    ],
)


@dataclass(frozen=True)
class Column:
    """One column of a contract; `allowed` are its only values, `pattern` what its text must match."""

    name: str
    type: pa.DataType
    meaning: str
    required: bool = True
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: float | None = None


@dataclass(frozen=True)
class Contract:
    """The columns of a canonical table, and the key that no two rows share (empty: not checked)."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, without metadata."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])


def _column(name: str, kind: pa.DataType, meaning: str, **rules: object) -> Column:
    return Column(name, kind, meaning, **rules)  # type: ignore[arg-type]


_ADCODE, _YEAR, _TEXT, _FLOAT, _COUNT = pa.int32(), pa.int16(), pa.string(), pa.float64(), pa.int64()
_YEARS = {"minimum": 1900}
_SOURCE = (
    _column("source_file", _TEXT, "raw file, relative to the raw folder"),
    _column("source_row", _COUNT, "line or row of the raw file, the header being row 1", minimum=1),
)

CONTRACTS: dict[str, Contract] = {
    table.name: table
    for table in (
        Contract(
            "exports",
            (
                _column(
                    "firm", _TEXT, "exporter: 10-digit customs registration or name; the place where no firms are told"
                ),
                _column("firm_name", _TEXT, "name as written", required=False),
                _column(
                    "hs8",
                    _TEXT,
                    "commodity, 8 digits (6 where the source has no more)",
                    pattern=r"^\d{6}(\d{2})?$",
                ),
                _column(
                    "hs_revision",
                    _TEXT,
                    "HS revision of the code",
                    allowed=("1992", "1996", "2002", "2007", "2012", "2017", "2022"),
                ),
                _column("destination", _TEXT, "ISO 3166 alpha-3", pattern=r"^[A-Z]{3}$"),
                _column("year", _YEAR, "calendar year", **_YEARS),
                _column("month", pa.int8(), "1-12, missing where the source is annual", required=False, minimum=1),
                _column("city_registered", _ADCODE, "prefecture (or province) of registration", required=False),
                _column("city_producing", _ADCODE, "prefecture (or province) of production", required=False),
                _column("value_usd", _FLOAT, "US$ FOB", minimum=0),
                _column("quantity", _FLOAT, "in `unit`", required=False, minimum=0),
                _column("unit", _TEXT, "statutory unit of the HS8 line", required=False),
                _column("regime", _TEXT, "trade regime as written", required=False),
                _column("ownership", _TEXT, "ownership of the firm", required=False),
                *_SOURCE,
            ),
        ),
        Contract(
            "patents",
            (
                _column("application_no", _TEXT, "application number without CN, dot and check digit"),
                _column("date", pa.date32(), "application date"),
                _column("kind", _TEXT, "kind of patent", allowed=("invention", "utility", "design")),
                _column("ipc", _TEXT, "main IPC class", required=False),
                _column(
                    "applicants",
                    pa.list_(pa.field("element", APPLICANT, nullable=False)),
                    "in the order of the source",
                ),
                *_SOURCE,
            ),
            key=("application_no",),
        ),
        Contract(
            "city_year",
            (
                _column("adcode", _ADCODE, "prefecture", minimum=110000),
                _column("year", _YEAR, "calendar year", **_YEARS),
                _column("variable", _TEXT, "canonical name, unit in the name where two are possible"),
                _column("value", _FLOAT, "missing values have no row"),
                _column("unit", _TEXT, "unit of the value"),
                _column("source", _TEXT, "raw file (and column) of the value"),
                _column("source_row", _COUNT, "line or row of the raw file", minimum=1),
                _column("interpolated", pa.bool_(), "not printed in the source"),
            ),
            key=("adcode", "year", "variable"),
        ),
        Contract(
            "world_trade",
            (
                _column("exporter", _TEXT, "ISO 3166 alpha-3", pattern=r"^[A-Z]{3}$"),
                _column("hs", _TEXT, "HS six digits", pattern=r"^\d{6}$"),
                _column("year", _YEAR, "calendar year", **_YEARS),
                _column("value", _FLOAT, "US$", minimum=0),
                _column("gdp_per_head", _FLOAT, "US$ per person; missing where unknown", required=False, minimum=0),
                *_SOURCE,
            ),
            key=("exporter", "hs", "year"),
        ),
        Contract(
            "rejects",
            (
                *_SOURCE,
                _column("reason", _TEXT, "why the row was refused"),
                _column("text", _TEXT, "the row as read", required=False),
            ),
        ),
        Contract(
            "attrition",
            (
                _column("table", _TEXT, "canonical table the step works for"),
                _column("step", pa.int16(), "order of the step"),
                _column("name", _TEXT, "the step"),
                _column("reason", _TEXT, "why rows leave or change"),
                *(
                    _column(
                        f"{unit}_{when}",
                        _FLOAT if unit == "value_usd" else _COUNT,
                        f"{unit} {when} the step",
                        required=unit == "rows",
                    )
                    for unit in ("rows", "firms", "hs6", "destinations", "cities", "cities_registered", "value_usd")
                    for when in ("before", "after")
                ),
                _column("changed", _COUNT, "cells repaired, rows kept"),
            ),
            key=("table", "step", "reason"),
        ),
        Contract(
            "coverage",
            (
                _column("year", _YEAR, "year of application", **_YEARS),
                _column("resolved_by", _TEXT, "how the prefecture of an organisation was found, or unresolved"),
                _column("confidence", _TEXT, "high, medium or low; empty where unresolved"),
                _column("applicants", _COUNT, "organisations, one for each patent they apply for"),
                _column("in_joint", _COUNT, "of these, in patents of at least two organisations"),
                _column("share", _FLOAT, "of the year's applicants", minimum=0),
            ),
            key=("year", "resolved_by", "confidence"),
        ),
        Contract(
            "completeness",
            (
                _column("year", _YEAR, "calendar year", **_YEARS),
                _column("rows", _COUNT, "export rows read, duplicates left out"),
                _column("with_quantity", _COUNT, "of these, rows with a quantity above 0"),
                _column("months", pa.list_(pa.int8()), "months there; empty where rows have none"),
            ),
            key=("year",),
        ),
        Contract(
            "files",
            (
                _column("source_file", _TEXT, "raw file, relative to the raw folder"),
                _column("table", _TEXT, "canonical table it feeds"),
                _column("layout", _TEXT, "row of the layout register"),
                _column("encoding", _TEXT, "encoding it was read with", required=False),
                _column("rows_read", _COUNT, "data rows"),
                _column("rows_kept", _COUNT, "rows that reached the canonical table"),
                _column("rows_rejected", _COUNT, "rows in the rejects"),
                _column("rows_merged", _COUNT, "rows merged into another row of the same object"),
            ),
            key=("source_file", "table"),
        ),
    )
}
