"""Where data come from and what may be given on: the register of sources, typed and closed, one row a source.

`registers/sources.csv` describes the usual sources; `sources.csv` in the raw folder, in the same columns, describes
the user's own, and its rows come first.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from citypanel.declare.complaints import complaints
from citypanel.declare.text import Text
from citypanel.errors import InputError

Gives = Literal["rows", "values", "statistics"]
SAMPLE = "sample"  # the source of every raw folder that is marked as simulated
REGISTERS = "registers/"


class Source(BaseModel):
    """One source.

    `feeds` is a subfolder of the raw folder, or a file of the registers. `gives` is the most that may leave: `rows`
    as they are, `values` of cities and years made from them, or `statistics` alone. `protects` names whose
    contributions may not be told from a value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    feeds: str = Field(min_length=1)
    layouts: tuple[str, ...] = ()
    title_en: str = Field(min_length=1)
    title_zh: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    gives: Gives
    protects: Literal["", "firms"]
    access_en: str = Field(min_length=1)
    access_zh: str = Field(min_length=1)
    cost_en: str = Field(min_length=1)
    cost_zh: str = Field(min_length=1)
    delay_en: str = Field(min_length=1)
    delay_zh: str = Field(min_length=1)
    contact: str = Field(min_length=1)
    citation: str = Field(min_length=1)
    standing: Literal["seen", "recalled", "own"]

    @model_validator(mode="before")
    @classmethod
    def _layouts_listed(cls, values: dict[str, object]) -> dict[str, object]:
        given = values.get("layouts", "")
        return {**values, "layouts": tuple(given.split("|")) if isinstance(given, str) and given else ()}

    def text(self, name: str) -> Text:
        """Return `title`, `access`, `cost` or `delay` in both languages."""
        return Text(en=getattr(self, f"{name}_en"), zh=getattr(self, f"{name}_zh"))


COLUMNS = tuple(Source.model_fields)


def read_sources(path: Path) -> tuple[Source, ...]:
    """Read a table of sources.

    Raises
    ------
    InputError
        A column is missing or unknown, or a cell is empty or not allowed; the line names file, row and column.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        found = tuple(reader.fieldnames or ())
        missing = [column for column in COLUMNS if column not in found]
        if missing:
            raise InputError(f"{path}: column '{missing[0]}' is missing; needed: {', '.join(COLUMNS)}")
        return tuple(_source(row, f"{path}, row {line}") for line, row in enumerate(reader, start=2))


def _source(row: dict[str, str], place: str) -> Source:
    try:
        return Source.model_validate({key: (value or "").strip() for key, value in row.items()})
    except ValidationError as error:
        raise InputError(complaints(error, Source, place)[0].replace("key '", "column '")) from None


def source_of(feeds: str, layout: str, sources: Sequence[Source]) -> Source | None:
    """Return the first source that feeds a folder (or register) with a layout; one without layouts has them all."""
    return next(
        (item for item in sources if item.feeds == feeds and (not item.layouts or layout in item.layouts)), None
    )


def cited(sources: Iterable[Source]) -> list[str]:
    """Return the references of sources, each once, in alphabetical order."""
    return sorted({item.citation for item in sources})
