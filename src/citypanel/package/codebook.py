"""The codebook: each column of each data file with type, unit, range or levels, meaning and source.

Types, ranges and levels are read from the data, so they cannot be wrong; meanings and units come from the contracts
of canonical tables, from the declared variables of a study, and from `registers/codebook.csv`. The description of a
file is a Frictionless Table Schema.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from citypanel.canonical import read_frame
from citypanel.contracts import CONTRACTS
from citypanel.declare.study import Study
from citypanel.declare.text import Text
from citypanel.errors import InputError
from citypanel.registers import Registers

TABULAR = (".csv", ".parquet")
LEVELS = 20  # distinct texts that are listed; more are counted
COLUMNS = ("file", "column", "unit", "meaning_en", "meaning_zh")
FIELDS = ("file", "column", "type", "unit", "minimum", "maximum", "levels", "missing", "meaning_en", "meaning_zh")
_INTEGER, _LEADING_ZERO = re.compile(r"-?\d+"), re.compile(r"-?0\d")


@dataclass(frozen=True)
class Meaning:
    """What a column holds; `unit` is empty where it has none."""

    text: Text
    unit: str = ""


@dataclass(frozen=True)
class Field:
    """One column of one file as it is."""

    name: str
    type: str
    missing: int
    meaning: Meaning | None
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    levels: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        """Return the field of a Frictionless Table Schema."""
        constraints: dict[str, Any] = {"required": True} if not self.missing else {}
        if self.minimum is not None:
            constraints |= {"minimum": self.minimum, "maximum": self.maximum}
        if self.levels:
            constraints["enum"] = list(self.levels)
        known = {} if self.meaning is None else {"description": self.meaning.text.en, "unit": self.meaning.unit}
        return {
            "name": self.name,
            "type": self.type,
            **{key: value for key, value in known.items() if value},
            **({"constraints": constraints} if constraints else {}),
        }


class Meanings:
    """Looks up what the columns of the package's files hold."""

    def __init__(self, register: Path, studies: Mapping[str, Study], yearbook: pd.DataFrame | None = None) -> None:
        self._lines = _read(register)
        self._studies = studies
        rows = Registers().yearbook_variables() if yearbook is None else yearbook
        self._units = dict(zip(rows["variable"], rows["unit"], strict=True))

    def of(self, file: str, column: str) -> Meaning | None:
        """Return what a column holds; None where nobody says it."""
        return self._variable(file, column) or self._registered(file, column) or self._contract(file, column)

    def _variable(self, file: str, column: str) -> Meaning | None:
        """Return the declared meaning of a variable of a study's panel."""
        study = self._studies.get(Path(file).parts[-2]) if file.endswith("/panel.parquet") else None
        study = study or (self._studies.get(Path(file).stem) if file.startswith("data/") else None)
        variable = study.variables.get(column) if study else None
        if variable is None:
            return None
        unit = self._units.get(str(getattr(variable, "column", "")), "")
        changed = {"log": f"log of {unit}" if unit else "logs", "log1p": "log of 1 + count"}
        label, definition = variable.label, variable.definition
        text = Text(
            en=f"{label.en}: {definition.en}" if definition else label.en,
            zh=f"{label.zh}：{definition.zh}" if definition else label.zh,
        )
        return Meaning(text, changed.get(str(variable.transform), str(unit)))

    def _contract(self, file: str, column: str) -> Meaning | None:
        contract = CONTRACTS.get(Path(file).stem) if file.endswith(".parquet") and "/intake/" in file else None
        found = next((item for item in contract.columns if item.name == column), None) if contract else None
        return None if found is None else Meaning(Text(en=found.meaning, zh=found.meaning))

    def _registered(self, file: str, column: str) -> Meaning | None:
        found = next((line for line in self._lines if fnmatchcase(file, line[0]) and line[1] in (column, "*")), None)
        return None if found is None else Meaning(Text(en=found[3], zh=found[4]), found[2])


def _read(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(
                f"{path}: found columns {', '.join(reader.fieldnames or ())}; allowed: {', '.join(COLUMNS)}"
            )
        return [tuple(row[column] for column in COLUMNS) for row in reader]


def describe(path: Path, file: str, meanings: Meanings) -> list[Field]:
    """Return the columns of a data file; `file` is its path in the package."""
    frame = read_data(path)
    return [_field(str(name), frame[name], meanings.of(file, str(name))) for name in frame.columns]


def read_data(path: Path) -> pd.DataFrame:
    """Read a data file; the columns of a CSV as their cells look: whole numbers, numbers, yes or no, text."""
    if path.suffix == ".parquet":
        return read_frame(path)
    if not path.stat().st_size:
        return pd.DataFrame()
    texts = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False, na_values=[""])
    return pd.DataFrame({name: _typed(texts[name]) for name in texts.columns}, index=texts.index)


def _typed(texts: pd.Series) -> pd.Series:
    known = texts.dropna()
    if known.empty:
        return texts
    if known.isin(["True", "False"]).all():
        return texts.map({"True": True, "False": False})
    if known.str.fullmatch(_INTEGER).all() and not known.str.match(_LEADING_ZERO).any():
        return pd.to_numeric(texts).astype("Int64")
    numbers = pd.to_numeric(texts, errors="coerce")
    whole_codes = known.str.match(_LEADING_ZERO) & known.str.fullmatch(_INTEGER)
    return texts if numbers.isna().sum() > texts.isna().sum() or whole_codes.any() else numbers


def _field(name: str, values: pd.Series, meaning: Meaning | None) -> Field:
    known = values.dropna()
    missing = int(len(values) - len(known))
    kind = _kind(values, known)
    if kind in ("integer", "number") and len(known):
        low, high = known.min(), known.max()
        return Field(name, kind, missing, meaning, _plain(low), _plain(high))
    if kind == "string" and 0 < known.nunique() <= LEVELS:
        return Field(name, kind, missing, meaning, levels=tuple(sorted(map(str, known.unique()))))
    return Field(name, kind, missing, meaning)


def _kind(values: pd.Series, known: pd.Series) -> str:
    if len(known) and isinstance(known.iloc[0], (list, tuple, np.ndarray)):
        return "array"
    if pd.api.types.is_bool_dtype(known) and len(known):
        return "boolean"
    if pd.api.types.is_integer_dtype(values):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(values) else "string"


def _plain(value: Any) -> float | int:
    return int(value) if isinstance(value, (int, np.integer)) else float(value)


def disagreements(path: Path, schema: Mapping[str, Any]) -> list[str]:
    """Return where a data file disagrees with its Table Schema, a line each.

    Columns and their order, types, required values, ranges and levels are compared.
    """
    frame = read_data(path)
    names = [str(name) for name in frame.columns]
    declared = [field["name"] for field in schema["fields"]]
    if names != declared:
        return [f"columns are {', '.join(names)}; described are {', '.join(declared)}"]
    return [line for field in schema["fields"] for line in _faults(field, frame[field["name"]])]


def _faults(field: Mapping[str, Any], values: pd.Series) -> Iterable[str]:
    known, name = values.dropna(), field["name"]
    found = _kind(values, known)
    allowed = {"number": ("number", "integer")}.get(field["type"], (field["type"],))
    if len(known) and found not in allowed:
        yield f"column '{name}' is of type {found}; described as {field['type']}"
        return
    rules = field.get("constraints", {})
    if rules.get("required") and len(known) < len(values):
        yield f"column '{name}' has {len(values) - len(known)} missing values; described as having none"
    if "minimum" in rules and len(known) and (known.min() < rules["minimum"] or known.max() > rules["maximum"]):
        limits = f"{rules['minimum']} to {rules['maximum']}"
        yield f"column '{name}' runs from {known.min()} to {known.max()}; described: {limits}"
    if "enum" in rules and (strange := sorted(set(map(str, known)) - set(rules["enum"]))):
        yield f"column '{name}' holds '{strange[0]}', which is no level of its description"
