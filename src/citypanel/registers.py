"""The registers: public facts as CSV files beside the code, read with types and looked up by date.

A register is data, not code: a new city name, customs area, country, policy, raw layout or yearbook label
is a row. `registers/README.md` states the source and the standing of each file.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Literal

import pandas as pd

from citypanel.errors import InputError

FOLDER = Path(__file__).resolve().parents[2] / "registers"

# What each file must hold: its columns and those that are whole numbers ("Int64" where a cell may be empty).
_INTEGERS: dict[str, dict[str, Literal["int64", "Int64"]]] = {
    "cities": {
        "adcode": "int64",
        "province_adcode": "int64",
        "yrd41": "int64",
        "valid_from": "Int64",
        "valid_to": "Int64",
    },
    "city_history": {"adcode_old": "int64", "adcode": "int64"},
    "city_clusters": {"adcode": "Int64"},
    "customs_areas": {"adcode": "Int64", "valid_from": "Int64", "valid_to": "Int64"},
    "countries": {},
    "regions": {"code": "int64"},
    "counties": {"adcode": "Int64", "prefecture": "Int64"},
    "organisations": {"adcode": "int64"},
    "organisation_variants": {},
    "policies": {"adcode": "int64", "year": "Int64", "counts_as_prefecture_treatment": "int64"},
    "yearbook_variables": {"zero_is_missing": "int64"},
    "units": {},
    "customs_units": {},
    "national_series": {"year": "int64"},
    "layouts": {},
    "intermediary_words": {},
}
_FLOATS = {"cities": ("lon", "lat"), "units": ("factor",), "national_series": ("value",)}
_COLUMNS = {
    "cities": ("name_zh", "short_zh", "name_en", "pinyin", "province", "region", "level", "source"),
    "city_history": ("kind", "name_old", "changed", "standing"),
    "city_clusters": ("cluster", "cluster_zh", "city"),
    "customs_areas": ("area", "place", "standing"),
    "countries": ("customs", "alpha3", "name_zh", "name_en", "aliases", "kind", "standing"),
    "counties": ("name", "source"),
    "regions": ("country", "abbreviation", "name", "standing"),
    "organisations": ("name", "kind", "standing"),
    "organisation_variants": ("name", "counted_as", "relation", "standing"),
    "policies": ("policy", "unit", "level", "term_start", "batch", "source"),
    "yearbook_variables": ("label", "variable", "unit"),
    "units": ("unit", "dimension"),
    "customs_units": ("code", "unit", "aliases", "standing"),
    "national_series": ("series", "unit", "source"),
    "layouts": ("layout", "table", "role", "headers", "required"),
    "intermediary_words": ("list", "word", "standing"),
}


class Registers:
    """Reads the registers of one folder, each file once.

    Parameters
    ----------
    folder : Path, optional
        Where the CSV files are; by default `registers/` of the checkout.
    policies : paths
        Own lists of treated units in the columns of `policies.csv`, named after their policy; such a list
        stands in for the register's rows of that policy.
    """

    def __init__(self, folder: Path | None = None, policies: Iterable[Path] = ()) -> None:
        self.folder = Path(folder) if folder is not None else FOLDER
        self._read: dict[str, pd.DataFrame] = {}
        self._own_policies = {Path(path).stem: Path(path) for path in policies}

    def table(self, name: str) -> pd.DataFrame:
        """Return a register as a frame; an empty cell is a missing number or empty text."""
        if name not in self._read:
            self._read[name] = _read_register(self.folder / f"{name}.csv", name)
        return self._read[name]

    def cities(self, year: int | None = None) -> pd.DataFrame:
        """Return the prefecture-level cities of a year (all that ever were when `year` is None)."""
        cities = self.table("cities")
        return cities if year is None else cities[_valid(cities, year)].reset_index(drop=True)

    def city_history(self) -> pd.DataFrame:
        """Return renames, recodings, misprints, mergers, splits: kind, adcode_old, name_old, adcode."""
        return self.table("city_history")

    def clusters(self) -> tuple[str, ...]:
        """Return the names of the city clusters."""
        return tuple(dict.fromkeys(self.table("city_clusters")["cluster"]))

    def cluster_members(self, cluster: str) -> list[int]:
        """Return the adcodes of a cluster's prefecture-level members, ascending."""
        rows = self.table("city_clusters")
        if cluster not in self.clusters():
            raise InputError(f"city cluster '{cluster}' is unknown; allowed: {', '.join(self.clusters())}")
        return sorted(int(code) for code in rows.loc[rows["cluster"] == cluster, "adcode"].dropna())

    def policies(self) -> tuple[str, ...]:
        """Return the names of the policies."""
        return tuple(dict.fromkeys(self.table("policies")["policy"]))

    def policy(self, name: str) -> pd.DataFrame:
        """Return the treated units of one policy, with the year and whether a whole prefecture is."""
        if name in self._own_policies:
            return _read_register(self._own_policies[name], "policies")
        rows = self.table("policies")
        if name not in self.policies():
            raise InputError(f"policy '{name}' is unknown; allowed: {', '.join(self.policies())}")
        return rows[rows["policy"] == name].reset_index(drop=True)

    def customs_areas(self) -> pd.DataFrame:
        """Return customs areas: area (4 digits; 2 of a municipality), adcode (missing: none), dates."""
        return self.table("customs_areas")

    def countries(self) -> pd.DataFrame:
        """Return countries: customs number, alpha3, names, aliases, kind (country, china, residual, ...)."""
        return self.table("countries")

    def regions(self) -> pd.DataFrame:
        """Return regions of other countries than China: country, code, abbreviation, name."""
        return self.table("regions")

    def customs_units(self) -> pd.DataFrame:
        """Return statutory units of quantity: code (three digits), unit, aliases."""
        return self.table("customs_units")

    def organisations(self) -> pd.DataFrame:
        """Return organisations whose seat their name does not tell: name, adcode, kind."""
        return self.table("organisations")

    def organisation_variants(self) -> pd.DataFrame:
        """Return names counted as another organisation: name, counted_as, relation (variant, renamed, subsidiary)."""
        return self.table("organisation_variants")

    def counties(self) -> pd.DataFrame:
        """Return counties, county-level cities and districts: adcode, name, prefecture (missing: none)."""
        return self.table("counties")

    def yearbook_variables(self) -> pd.DataFrame:
        """Return yearbook labels with variable, unit and whether zero means missing."""
        return self.table("yearbook_variables")

    def national_series(self) -> pd.DataFrame:
        """Return national series: series, year, value, unit, source."""
        return self.table("national_series")

    def yearbook_columns(self) -> tuple[str, ...]:
        """Return every name a study may take from the yearbook or from the national series."""
        names = [*self.table("yearbook_variables")["variable"], *self.table("national_series")["series"]]
        return tuple(dict.fromkeys(names))

    def intermediary_words(self, name: str) -> tuple[str, ...]:
        """Return the words of one list (short, long; place: zones whose names are removed first), in its order."""
        rows = self.table("intermediary_words")
        return tuple(rows.loc[rows["list"] == name, "word"])

    def layouts(self) -> pd.DataFrame:
        """Return raw layouts: layout, table, role (`=name` is a setting), headers (aliases by |)."""
        return self.table("layouts")

    @cached_property
    def unit_factors(self) -> dict[str, tuple[str, float]]:
        """Dimension and factor to the dimension's base of each unit of measurement."""
        rows = self.table("units")
        pairs = zip(rows["dimension"], rows["factor"], strict=True)
        return {fold(unit): (str(d), float(f)) for unit, (d, f) in zip(rows["unit"], pairs, strict=True)}


def fold(text: object) -> str:
    """Return a header, label or name as it is compared: NFKC, no blanks, no byte-order mark, no case.

    >>> fold(" 公开（公告）号 ") == fold("公开(公告)号")
    True
    """
    normal = unicodedata.normalize("NFKC", str(text)).replace("\ufeff", "")
    return re.sub(r"\s+", "", normal).casefold()


def _valid(rows: pd.DataFrame, year: int) -> pd.Series:
    return (rows["valid_from"].fillna(year) <= year) & (year <= rows["valid_to"].fillna(year))


def _read_register(path: Path, name: str) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"register {path} does not exist; the folder of registers must hold {name}.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        frame = pd.DataFrame(list(reader), columns=list(reader.fieldnames or ()), dtype=object).fillna("")
    _require(frame.columns, [*_COLUMNS[name], *_INTEGERS[name], *_FLOATS.get(name, ())], path)
    for column, kind in _INTEGERS[name].items():
        frame[column] = _numbers(frame, column, path).astype(kind)
    for column in _FLOATS.get(name, ()):
        frame[column] = _numbers(frame, column, path)
    return frame


def _require(found: Iterable[str], expected: Iterable[str], path: Path) -> None:
    missing = [column for column in expected if column not in set(found)]
    if missing:
        raise InputError(f"register {path}: column '{missing[0]}' is missing; found: {', '.join(found)}")


def _numbers(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    text = frame[column].str.strip()
    numbers = pd.to_numeric(text.mask(text == ""), errors="coerce").astype("float64")
    wrong = numbers.isna() & (text != "")
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise InputError(
            f"register {path}, row {row + 2}, column '{column}': found '{text.iloc[row]}'; allowed: a number"
        )
    return numbers
