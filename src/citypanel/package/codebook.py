"""The codebook: each column of each data file with type, unit, range or levels, meaning and source.

Types, ranges and levels are read from the data, so they cannot be wrong; meanings and units come from the contracts
of canonical tables, from the declared variables of a study, and from `registers/codebook.csv`. The description of a
file is a Frictionless Table Schema.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from citypanel.canonical import read_frame
from citypanel.contracts import CONTRACTS
from citypanel.declare.indicators import column
from citypanel.declare.study import Study
from citypanel.declare.text import Text
from citypanel.declare.variables import (
    CityVariable,
    FormulaVariable,
    PolicyVariable,
    VariableBase,
    indicator_options,
)
from citypanel.errors import InputError
from citypanel.registers import Registers

TABULAR = (".csv", ".parquet")
LEVELS = 20  # distinct texts that are listed; more are counted
COLUMNS = ("file", "column", "unit", "meaning_en", "meaning_zh")
UNITS = ("unit_en", "unit_zh")
FIELDS = (
    "file", "column", "type", "unit", "unit_zh", "minimum", "maximum", "levels", "distinct", "missing", "source",
    "meaning_en", "meaning_zh",
)  # fmt: skip
PURE = "1"  # unit of a pure number
_INTEGER, _LEADING_ZERO = re.compile(r"-?\d+"), re.compile(r"-?0\d")


@dataclass(frozen=True)
class Meaning:
    """What a column holds; `unit` is None where it has none, `source` empty where it is that of the file."""

    text: Text
    unit: Text | None = None
    source: str = ""


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
    distinct: int = 0
    source: str = ""

    def lacks(self) -> list[str]:
        """Return what a reader would miss: a meaning, a unit of numbers, a source."""
        unit = self.meaning.unit if self.meaning else None
        return [
            *(["meaning"] if self.meaning is None or not (self.meaning.text.en and self.meaning.text.zh) else []),
            *(["unit"] if self.type in ("integer", "number") and unit is None else []),
            *([] if self.source else ["source"]),
        ]

    def schema(self) -> dict[str, Any]:
        """Return the field of a Frictionless Table Schema."""
        constraints: dict[str, Any] = {"required": True} if not self.missing else {}
        if self.minimum is not None:
            constraints |= {"minimum": self.minimum, "maximum": self.maximum}
        if self.levels:
            constraints["enum"] = list(self.levels)
        known = {"source": self.source}
        if self.meaning is not None:
            unit = self.meaning.unit.en if self.meaning.unit else ""
            known |= {"description": self.meaning.text.en, "unit": unit}
        return {
            "name": self.name,
            "type": self.type,
            **{key: value for key, value in known.items() if value},
            **({"constraints": constraints} if constraints else {}),
        }


class Meanings:
    """Looks up what the columns of the package's files hold.

    Parameters
    ----------
    registers : Path
        Folder of `codebook.csv` and `unit_names.csv`.
    studies : mapping
        Studies by name, whose variables their panels hold.
    yearbook : DataFrame, optional
        `variable` and `unit` of columns of the yearbook; default those of the registers.
    """

    def __init__(self, registers: Path, studies: Mapping[str, Study], yearbook: pd.DataFrame | None = None) -> None:
        self._lines = _read(registers / "codebook.csv", COLUMNS)
        self._names = [Text(en=english, zh=chinese) for english, chinese in _read(registers / "unit_names.csv", UNITS)]
        self._studies = studies
        rows = Registers().yearbook_variables() if yearbook is None else yearbook
        self._units = dict(zip(rows["variable"], rows["unit"], strict=True))

    def _unit(self, name: str) -> Text | None:
        """Return a unit, named in either language, in both.

        Raises
        ------
        InputError
            Nobody says what it is called in the other language.
        """
        found = next((unit for unit in self._names if name in (unit.en, unit.zh)), None)
        if name and found is None:
            raise InputError(f"unit '{name}' is not in registers/unit_names.csv; add its name in both languages")
        return found

    def of(self, file: str, name: str) -> Meaning | None:
        """Return what a column holds; None where nobody says it."""
        return self._variable(file, name) or self._registered(file, name) or self._contract(file, name)

    def _variable(self, file: str, name: str) -> Meaning | None:
        """Return the declared meaning of a variable of a study's panel."""
        study = self._studies.get(Path(file).parts[-2]) if file.endswith("/panel.parquet") else None
        study = study or (self._studies.get(Path(file).stem) if file.startswith("data/") else None)
        variable = study.variables.get(name) if study else None
        if variable is None:
            return None
        label, definition = variable.label, variable.definition
        text = Text(
            en=f"{label.en}: {definition.en}" if definition else label.en,
            zh=f"{label.zh}：{definition.zh}" if definition else label.zh,
        )
        return Meaning(text, self._unit_of(variable), _source_of(variable))

    def _unit_of(self, variable: VariableBase) -> Text | None:
        """Return the unit of a variable of a panel: that of what it is taken from, through its transform."""
        if variable.cut is not None:
            return self._unit("0 or 1")
        known = self._unit(self._unit_before(variable))
        if variable.transform != "none" and isinstance(variable, FormulaVariable):
            known = Text(en="the formula", zh="公式值")
        if variable.transform == "log":
            return Text(en=f"log of {known.en}", zh=f"{known.zh}的对数") if known else self._unit("logs")
        if variable.transform == "log1p":
            return Text(en="log of 1 + count", zh="计数加 1 的对数")
        return known or self._unit(PURE)

    def _unit_before(self, variable: VariableBase) -> str:
        """Return the unit that a variable has before its transform; empty where it is a pure number."""
        options = indicator_options(variable)
        if options is not None:
            wanted = column(options) or variable.source  # type: ignore[attr-defined]
            lines = (line for line in self._lines if line[0] == "results/indicators/*" and line[1] == wanted)
            return next((line[2] for line in lines), "")
        if isinstance(variable, FormulaVariable):
            return "by the formula"
        if isinstance(variable, PolicyVariable):
            return "calendar year" if variable.form == "cohort" else "0 or 1"
        if isinstance(variable, CityVariable):
            return "degrees" if variable.column else "0 or 1"
        return str(self._units.get(str(getattr(variable, "column", "")), ""))

    def _contract(self, file: str, name: str) -> Meaning | None:
        contract = CONTRACTS.get(Path(file).stem) if file.endswith(".parquet") and "/intake/" in file else None
        found = next((item for item in contract.columns if item.name == name), None) if contract else None
        return None if found is None else Meaning(Text(en=found.meaning, zh=found.meaning))

    def _registered(self, file: str, name: str) -> Meaning | None:
        found = next((line for line in self._lines if fnmatchcase(file, line[0]) and line[1] in (name, "*")), None)
        return None if found is None else Meaning(Text(en=found[3], zh=found[4]), self._unit(found[2]))


def _read(path: Path, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != columns:
            raise InputError(
                f"{path}: found columns {', '.join(reader.fieldnames or ())}; allowed: {', '.join(columns)}"
            )
        return [tuple(row[column] for column in columns) for row in reader]


def _source_of(variable: VariableBase) -> str:
    """Return where a variable of a panel comes from, in the words of its declaration."""
    given = variable.model_dump()
    if "formula" in given:
        return f"formula: {given['formula']}"
    named = given.get("column") if given["source"] == "yearbook" else given.get("policy")
    kind = given["source"] if given["source"] in ("yearbook", "policy") else f"indicator {given['source']}"
    kind = "registers/cities.csv" if given["source"] == "city" else kind
    return f"{kind}: {named}" if named else kind


def describe(path: Path, file: str, meanings: Meanings, source: str = "") -> list[Field]:
    """Return the columns of a data file.

    Parameters
    ----------
    path : Path
    file : str
        Its path in the package.
    meanings : Meanings
    source : str
        Where its columns come from, unless their meaning says it.
    """
    frame = read_data(path)
    return [_field(str(name), frame[name], meanings.of(file, str(name)), source) for name in frame.columns]


def read_data(path: Path) -> pd.DataFrame:
    """Read a data file; the columns of a CSV as their cells look: whole numbers, numbers, yes or no, text."""
    if path.suffix == ".parquet":
        return read_frame(path)
    if not path.stat().st_size:
        return pd.DataFrame()
    texts = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False, na_values=[""])
    return pd.DataFrame({name: _typed(texts[name]) for name in texts.columns}, index=texts.index)


def _typed(texts: pd.Series) -> pd.Series:
    # Most columns are short: Python on distinct texts is faster than pandas' operations on strings.
    known = texts.dropna().unique().tolist()
    if not known:
        return texts
    if set(known) <= {"True", "False"}:
        return texts.map({"True": True, "False": False})
    whole = [text for text in known if _INTEGER.fullmatch(text)]
    if any(_LEADING_ZERO.match(text) for text in whole):
        return texts
    if len(whole) == len(known):
        return pd.to_numeric(texts).astype("Int64")
    numbers = pd.to_numeric(texts, errors="coerce")
    return texts if numbers.isna().sum() > texts.isna().sum() else numbers


def _field(name: str, values: pd.Series, meaning: Meaning | None, source: str) -> Field:
    known = values.dropna()
    kind = _kind(values, known)
    distinct = 0 if kind == "array" else int(known.nunique())
    field = Field(
        name,
        kind,
        int(len(values) - len(known)),
        meaning,
        distinct=distinct,
        source=(meaning.source if meaning else "") or source,
    )
    if kind in ("integer", "number") and len(known):
        return replace(field, minimum=_plain(known.min()), maximum=_plain(known.max()))
    if kind == "string" and 0 < distinct <= LEVELS:
        return replace(field, levels=tuple(sorted(map(str, known.unique()))))
    return field


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
