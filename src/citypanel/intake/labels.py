"""Yearbook labels: 地区生产总值(全市), unit 万元, to a canonical variable, its unit and the factor between units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from citypanel.errors import InputError
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import RawFile
from citypanel.registers import Registers, fold

# Units that nobody prints because there is no other: a label without a unit may mean them.
PLAIN_UNITS = ("share", "件", "个", "上年=100")
SCOPES = {"全市": "全市", "市辖区": "市辖区", "市区": "市辖区", "全地区": "全市"}


@dataclass(frozen=True)
class Label:
    """What a label means; `variable` is empty if nobody says.

    `factor` turns the printed unit into `unit`; `scope` is 全市, 市辖区 or empty.
    """

    variable: str = ""
    unit: str = ""
    factor: float = 1.0
    zero_is_missing: bool = False
    scope: str = ""
    national: bool = False


@dataclass(frozen=True)
class _Entry:
    variable: str
    unit: str
    zero_is_missing: bool
    own: bool = False


class Labels:
    """Finds the meaning of labels in the register and in the user's own `variables` tables, which go first."""

    def __init__(self, registers: Registers, own: Sequence[RawFile] = ()) -> None:
        self.units = registers.unit_factors
        self.national = {fold(name) for name in registers.national_series()["series"]} | {
            fold("人民币对美元年平均汇率")
        }
        self.entries: dict[str, list[_Entry]] = {}
        for raw in own:
            self._read_own(raw)
        rows = registers.yearbook_variables()
        for label, variable, unit, zero in zip(
            rows["label"], rows["variable"], rows["unit"], rows["zero_is_missing"], strict=True
        ):
            self.entries.setdefault(fold(label), []).append(_Entry(str(variable), str(unit), bool(zero)))

    def find(self, label: str, unit: str = "") -> Label:
        """Return the meaning of a label; its unit may stand beside it or in brackets at its end.

        A label whose unit is not stated has no meaning: 地区生产总值 may be in 万元 or in 亿元. Canonical names
        (gdp_wan) and the labels of a user's own table state theirs.
        """
        plain, scope = _scope(fold(label))
        if plain in self.national:
            return Label(national=True, scope=scope)
        for name, printed in ((plain, fold(unit)), _split_unit(plain)):
            found = self._entry(name, printed)
            if found is not None:
                return replace(found, scope=scope)
        return Label(scope=scope)

    def _entry(self, name: str, printed: str) -> Label | None:
        for entry in self.entries.get(name, ()):
            stated = printed or (fold(entry.unit) if entry.own or name == fold(entry.variable) else "")
            stated = stated or (fold(entry.unit) if entry.unit in PLAIN_UNITS else "")
            factor = self._factor(stated, fold(entry.unit))
            if factor is not None:
                return Label(entry.variable, entry.unit, factor, entry.zero_is_missing)
        return None

    def _factor(self, printed: str, canonical: str) -> float | None:
        """Return what turns the printed unit into the canonical one; None if it is unstated or of another kind."""
        if printed == canonical:
            return 1.0
        if printed not in self.units or canonical not in self.units:
            return None
        (mine, factor), (other, base) = self.units[printed], self.units[canonical]
        return factor / base if mine == other else None

    def _read_own(self, raw: RawFile) -> None:
        for block in read_blocks(raw):
            columns = {role: block.table.column(at).to_pylist() for role, at in raw.columns.items()}
            for at, row in enumerate(block.rows.tolist()):
                zero = columns["zero_is_missing"][at].strip() if "zero_is_missing" in columns else "0"
                if zero not in {"0", "1"}:
                    raise InputError(f"{raw.name}, row {row}, column 'zero_is_missing': found '{zero}'; allowed: 0, 1")
                entry = _Entry(columns["variable"][at].strip(), columns["unit"][at].strip(), zero == "1", own=True)
                self.entries.setdefault(fold(columns["label"][at]), []).append(entry)


def _scope(label: str) -> tuple[str, str]:
    """Split 地区生产总值(全市) or 地区生产总值_市辖区 into label and scope."""
    found = re.match(r"(.*?)[(_\-]?(全市|市辖区|全地区)\)?$", label)
    if found and found[1]:
        return found[1], SCOPES[found[2]]
    return label, ""


def _split_unit(label: str) -> tuple[str, str]:
    found = re.match(r"(.*)\(([^()]*)\)$", label)
    return (found[1], found[2]) if found else (label, "")
