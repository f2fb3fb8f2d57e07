"""What a row itself says about the places of its applicants: city field, address, registry, credit code."""

import re
import unicodedata
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask
from citypanel.intake.applicants import RANKS
from citypanel.intake.customs_fields import mapped
from citypanel.intake.names import split_fields, split_names
from citypanel.intake.patents_text import NONE, Cells, Names, beside, filled
from citypanel.intake.seats import Seats

_CITY, _ADDRESS = RANKS.index("city_field"), RANKS.index("address")
_SEPARATORS = re.compile("[;；|｜]")
_CREDIT_CODE = re.compile(r"[0-9A-Z]{2}(\d{6})[0-9A-Z]{10}")
_NOT_STATED = -2  # no number of applicants is declared


class PlaceReader:
    """Reads places that stand beside applicants, aligned by position only where their number is the same."""

    def __init__(self, seats: Seats) -> None:
        self.seats = seats
        rows = seats.places.registers.counties().dropna(subset=["adcode", "prefecture"])
        self._counties = {int(a): int(p) for a, p in zip(rows["adcode"], rows["prefecture"], strict=True)}

    def of_names(self, cells: Cells, names: Names, kept: Mask, repairs: "Counter[str]") -> tuple[Codes, Codes]:
        """Return for each name its prefecture, `NONE` where the row does not say, and the rank of the answer."""
        declared = np.asarray(mapped(cells["applicant_count"], _declared, pa.int64()), dtype=np.intp)
        agrees = (declared == _NOT_STATED) | (declared == names.counts)
        if cells.raw.layout.settings.get("form") != "applicants":
            repairs["declared number of applicants is not the number of names"] += int((~agrees & kept).sum())
        codes = np.full(len(names.row), NONE, dtype=np.intp)
        ranks = np.full(len(names.row), len(RANKS) - 1, dtype=np.intp)
        for role in ("cities", "counties"):
            if role in cells and filled(cells[role]).any():
                wanted = names.counts * 2 + agrees
                found = beside(cells[role], wanted, self._fields, names)
                ranks[(codes == NONE) & (found != NONE)] = _CITY
                codes = np.where(codes == NONE, found, codes)
        if "address" in cells:
            found = beside(cells["address"], names.counts, self._addresses, names)
            ranks[(codes == NONE) & (found != NONE)] = _ADDRESS
            codes = np.where(codes == NONE, found, codes)
        return codes, ranks

    def registry(self, cells: Cells, names: Names) -> pa.Table | None:
        """Return names with the prefecture of their registered address or credit code, if the layout has one."""
        codes = np.full(len(names.row), NONE, dtype=np.intp)
        for role, read in (("registry_address", self._addresses), ("credit_code", self._credit_codes)):
            if role in cells and filled(cells[role]).any():
                codes = np.where(codes == NONE, beside(cells[role], names.counts, read, names), codes)
        known = np.flatnonzero(codes != NONE)
        if not len(known):
            return None
        words = pa.array(names.words, type=pa.string()).take(pa.array(names.code[known]))
        return pa.table({"name": words, "adcode": pa.array(codes[known], type=pa.int32())})

    def listed(self, cells: Cells) -> pa.Table:
        """Return what a table of addresses says: row, position, how many are listed, prefecture and rank."""
        out: dict[str, list[int]] = {name: [] for name in ("row", "position", "adcode", "rank")}
        city = filled(pc.utf8_trim_whitespace(cells["cities"]))
        for role, rank, rows in (
            ("cities", _CITY, city),
            ("counties", _CITY, ~city),
            ("address", _ADDRESS, city | ~city),
        ):
            encoded = cells[role].dictionary_encode()
            texts, code = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
            read = [self._codes(_SEPARATORS.split(text) if text.strip() else []) for text in texts]
            for row in np.flatnonzero(rows).tolist():
                for position, found in enumerate(read[code[row]]):
                    for name, value in zip(out, (row, position, found, rank), strict=True):
                        out[name].append(value)
        return pa.table({name: pa.array(values, type=pa.int64()) for name, values in out.items()})

    def _fields(self, text: str, wanted: int) -> list[int]:
        """Return the places in a city field: one each if as many as applicants, a single one is the first's."""
        if not text.strip():
            return []
        count, agrees = divmod(wanted, 2)
        fields = split_fields(text, count) if agrees else []
        listed = split_names(text)
        return self._codes(fields or (listed if len(listed) == 1 else []))

    def _addresses(self, text: str, count: int) -> list[int]:
        """Return the places of addresses: one each if as many as applicants, else the first one's."""
        parts = [part for part in _SEPARATORS.split(text) if part.strip()]
        return self._codes(parts if len(parts) == count else parts[:1])

    def _credit_codes(self, text: str, count: int) -> list[int]:
        """Return where credit codes were issued: digits 3 to 8 are the place of the registration authority."""
        parts = [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
        found = [_CREDIT_CODE.fullmatch(part.upper()) for part in (parts if len(parts) == count else parts[:1])]
        return [self._issued(int(at[1])) if at else NONE for at in found]

    def _issued(self, code: int) -> int:
        known = self.seats.places.code(str(code // 100 * 100))
        return self._counties.get(code, NONE if known is None else known)

    def _codes(self, texts: list[str]) -> list[int]:
        found = [self.seats.from_address(text) for text in texts]
        return [NONE if code is None else code for code in found]


def _declared(text: str) -> int:
    digits = unicodedata.normalize("NFKC", text).strip().removesuffix(".0")
    if not digits:
        return _NOT_STATED
    fits = digits.isascii() and digits.isdigit() and len(digits.lstrip("0")) <= 9  # applicants are not more
    return int(digits) if fits else NONE
