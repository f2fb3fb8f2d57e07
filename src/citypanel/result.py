"""The result record: what an estimate leaves behind, and all that exhibits, ledger and package ever read."""

import hashlib
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from citypanel import __version__

SCHEMA = 1

Scalar = float | int | str | bool | None
Value = Scalar | list[Any] | dict[str, Any]
Row = dict[str, Scalar]


@dataclass(frozen=True)
class TermResult:
    """One estimated coefficient; a number that does not exist is None."""

    term: str
    estimate: float | None
    se: float | None = None
    statistic: float | None = None
    p: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True)
class ColumnResult:
    """One column of a table: one estimation on one sample.

    `vcov` names the variance convention: type, by, ssc, df, and every factor that was applied. `years` are the first
    and the last period of the rows that were used, `warnings` those of the record that are this column's.
    """

    column: str
    outcome: str
    n: int
    units: int | None = None
    periods: int | None = None
    clusters: int | None = None
    fixed_effects: tuple[str, ...] = ()
    vcov: dict[str, Value] = field(default_factory=dict)
    terms: tuple[TermResult, ...] = ()
    stats: dict[str, Value] = field(default_factory=dict)
    formula: str | None = None
    where: str | None = None
    label: str | None = None
    years: tuple[int, int] | None = None
    warnings: tuple[str, ...] = ()

    def term(self, name: str) -> TermResult:
        """Return the coefficient called `name`; raise KeyError with the names there are."""
        for term in self.terms:
            if term.term == name:
                return term
        raise KeyError(f"{name}; the column has {', '.join(t.term for t in self.terms)}")


@dataclass(frozen=True)
class Record:
    """All columns and curves of one analysis, with what is needed to know where they come from.

    `curves` are tables (event study, placebo draws, quantiles): a list of rows each.
    `sample` holds rows, sha256 and whether the data are simulated.
    """

    method: str
    formula: str
    columns: tuple[ColumnResult, ...]
    seed: int | None = None
    warnings: tuple[str, ...] = ()
    curves: dict[str, list[Row]] = field(default_factory=dict)
    sample: dict[str, Value] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    study: str | None = None
    analysis: str | None = None
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the record as JSON: full double precision, null for what does not exist, keys in a fixed order."""
        document = {"schema": self.schema, **{k: v for k, v in asdict(self).items() if k != "schema"}}
        return json.dumps(plain(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """Read a record written by `to_json`."""
        document = json.loads(text)
        document["columns"] = tuple(_column(column) for column in document["columns"])
        document["warnings"] = tuple(document["warnings"])
        return cls(**_known(cls, document))

    def with_columns(self, columns: Sequence[ColumnResult]) -> "Record":
        """Return the record with other columns."""
        return replace(self, columns=tuple(columns))


def _column(document: Mapping[str, Any]) -> ColumnResult:
    terms = tuple(TermResult(**term) for term in document["terms"])
    effects = tuple(document["fixed_effects"])
    years = tuple(document["years"]) if document.get("years") else None
    told = tuple(document.get("warnings") or ())
    lists = {"terms": terms, "fixed_effects": effects, "years": years, "warnings": told}
    return ColumnResult(**_known(ColumnResult, {**document, **lists}))


def _known(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {key: value for key, value in document.items() if key in names}


def plain(value: Any) -> Any:  # noqa: PLR0911 - one line per kind of value
    """Turn numpy numbers, tuples and frames into JSON's types; nan, inf and missing become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict(orient="records")]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if pd.isna(value):
        return None
    return str(value)


def sample_stamp(samples: Sequence[pd.DataFrame], *, simulated: bool = False) -> dict[str, Value]:
    """Return rows, sha256 and the simulated mark of the rows that the columns of a record were estimated on.

    The hash runs over the columns in name order and the rows as given, sample after sample, so it tells whether
    two records saw the same numbers. `rows` is the largest sample's.
    """
    digest = hashlib.sha256()
    for rows in samples:
        for name in sorted(rows.columns):
            digest.update(str(name).encode())
            digest.update(_column_bytes(rows[name]))
    count = max((len(rows) for rows in samples), default=0)
    return {"rows": count, "sha256": digest.hexdigest(), "simulated": simulated}


def _column_bytes(column: pd.Series) -> bytes:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype="<f8", na_value=np.nan).tobytes()
    return "\x1f".join("" if pd.isna(value) else str(value) for value in column).encode()


def any_simulated(records: Iterable[Path]) -> bool:
    """Return whether any of these record files was estimated on simulated data."""
    texts = (path.read_text(encoding="utf-8") for path in records)
    return any(bool(Record.from_json(text).sample.get("simulated")) for text in texts)


def library_versions() -> dict[str, str]:
    """Return the versions of citypanel, Python and the numerical libraries that are loaded."""
    loaded: list[str] = [name for name in ("numpy", "pandas", "scipy") if name in sys.modules]
    versions: dict[str, str] = {name: str(sys.modules[name].__version__) for name in loaded}
    return {"citypanel": __version__, "python": sys.version.split()[0], **versions}
