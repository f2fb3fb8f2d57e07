"""One block of a patent file as typed columns: rows (applications), their applicants, and rows refused."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask
from citypanel.intake.customs_fields import mapped, parse_date
from citypanel.intake.names import PERSON, kind_of, stated_kind
from citypanel.intake.organisations import Organisations
from citypanel.intake.patents_places import PlaceReader
from citypanel.intake.patents_text import (
    NONE,
    Cells,
    Names,
    application_keys,
    are_international,
    beside,
    chosen,
    filled,
    first_appearances,
    international_numbers,
    mask,
    names_in,
    numbers,
    plain,
    publication_keys,
    renamed,
)
from citypanel.intake.reading import Block
from citypanel.intake.recognise import RawFile

LONGEST_NAME = 300  # characters; a longer one is no name but a cell that lost its separators
FIRST_YEAR, LAST_YEAR = 1985, 2099  # the patent law came into force in April 1985
KINDS = ("invention", "utility", "design")
REASONS = (
    "no application number",
    "an international application (PCT), not a Chinese one",
    "an application to another patent office",
    "no application date",
    f"application date before {FIRST_YEAR} or after {LAST_YEAR}",
    "neither invention, utility model nor design",
    "an inventor, not an applicant",
    "no applicant",
    f"an applicant's name of more than {LONGEST_NAME} characters",
)
(NO_NUMBER, INTERNATIONAL, OTHER_OFFICE, NO_DATE, NO_SUCH_DATE, NO_KIND, INVENTOR, NO_APPLICANT, LONG_NAME) = range(9)
KEPT = len(REASONS)
SHOWN = 500  # characters of a refused row that are kept
_KIND_WORDS = (("外观", 2), ("实用新型", 1), ("发明", 0))
_KIND_CODES = {"PI": 0, "UM": 1, "DP": 2, "A": 0, "U": 1, "F": 2, "INVENTION": 0, "UTILITY MODEL": 1, "DESIGN": 2}
_KIND_DIGITS = {"1": 0, "8": 0, "2": 1, "9": 1, "3": 2}
_USUAL_DATE = r"^(\d{8}|\d{4}-\d{2}-\d{2})$"
_UNKNOWN = -2  # a type that is stated as unknown
_TWIN = "+"  # a flag of a twin that does not name it


@dataclass(frozen=True)
class Typed:
    """What a block holds: accepted rows, their applicants, refused rows, seats by registry, and repairs."""

    rows: pa.Table
    parts: pa.Table
    refused: pa.Table
    registry: pa.Table | None = None
    repairs: Counter[str] = field(default_factory=Counter)


class ApplicationReader:
    """Reads blocks whose rows are applications, or one applicant of an application each."""

    def __init__(self, places: PlaceReader, organisations: Organisations) -> None:
        self.places = places
        self.organisations = organisations

    def read(self, raw: RawFile, block: Block, first_id: int) -> Typed:
        """Return a block's typed columns; a row's id is `first_id` plus its number in the file."""
        cells = Cells(raw, block)
        repairs: Counter[str] = Counter()
        broken = np.full(cells.rows, KEPT, dtype=np.intp)
        columns = _numbered(cells, broken)
        _dated(cells, columns, broken, repairs)
        _of_kind(cells, columns, broken)
        names = self._names(cells, broken, repairs)
        first = first_appearances(names)
        kept = broken == KEPT
        repairs["applicant repeated inside one row"] += int(kept[names.row].sum() - kept[names.row[first]].sum())
        codes, ranks = self.places.of_names(cells, names, kept, repairs)
        parts = {
            "id": pa.array(block.rows[names.row] + first_id),
            "position": pa.array(names.position),
            "name": pa.array(names.words, type=pa.string()).take(pa.array(names.code)),
            "kind": pa.array(_kinds(cells, names, kept, repairs)),
            "adcode": pa.array(codes, mask=codes == NONE, type=pa.int32()),
            "rank": pa.array(ranks, type=pa.int8()),
        }
        chosen_parts = pa.array(first[kept[names.row[first]]])
        long = raw.layout.settings.get("form") == "applicants"
        rows = {
            "id": pa.array(block.rows + first_id),
            **columns,
            "team": pa.array(_teams(names, first, cells.rows)),
            "size": pa.array(np.bincount(names.row[first], minlength=cells.rows)),
            "long": pa.array(np.full(cells.rows, long)),
            "sequence": mapped(cells["sequence"], _whole, pa.int32()),
        }
        return Typed(
            pa.table(rows).filter(pa.array(kept)),
            pa.table(parts).take(chosen_parts),
            refused_rows(block, broken),
            self.places.registry(cells, names),
            repairs,
        )

    def _names(self, cells: Cells, broken: Codes, repairs: "Counter[str]") -> Names:
        """Return the applicants as they are counted; note rows without one, or with an endless name."""
        written = names_in(cells["applicants"])
        names = written
        if "standard_applicants" in cells and filled(cells["standard_applicants"]).any():
            names = chosen(written, names_in(cells["standard_applicants"]))
        counted = renamed(names, self.organisations.name)
        kept = broken == KEPT
        if self.organisations.counted_as:
            changed = np.array([self.organisations.name(w) != w for w in names.words] or [False])[names.code]
            repairs["a name counted as its organisation's by registers/organisation_variants.csv"] += int(
                (changed & kept[names.row]).sum()
            )
        lengths = np.array([len(word) for word in written.words] or [0])
        note(broken, NO_APPLICANT, written.counts == 0)
        endless = np.zeros(cells.rows, dtype=np.bool_)
        endless[written.row[lengths[written.code] > LONGEST_NAME]] = True
        note(broken, LONG_NAME, endless)
        other = pc.or_(
            pc.match_substring(cells["applicants"], "；"), pc.match_substring_regex(cells["applicants"], "[|｜]")
        )
        repairs["applicants separated by ； or |"] += int((mask(other) & (broken == KEPT)).sum())
        return counted


def note(broken: Codes, reason: int, rows: Mask) -> None:
    """Note that rows break a rule, if they have not broken an earlier one."""
    broken[rows & (reason < broken)] = reason


def refused_rows(block: Block, broken: Codes) -> pa.Table:
    """Return row, reason and text of the rows that broke a rule, after the lines that were no rows."""
    out = np.flatnonzero(broken < KEPT)
    cells = block.table.take(pa.array(out)).to_pydict() if len(out) else {}
    texts = [",".join(row)[:SHOWN] for row in zip(*cells.values(), strict=True)]
    return pa.table(
        {
            "row": pa.array([*(item.row for item in block.refused), *block.rows[out].tolist()], type=pa.int64()),
            "reason": pa.array(
                [*(item.reason for item in block.refused), *(REASONS[broken[at]] for at in out)], pa.string()
            ),
            "text": pa.array([*(item.text for item in block.refused), *texts], type=pa.string()),
        }
    )


def _numbered(cells: Cells, broken: Codes) -> dict[str, pa.Array]:
    """Return the columns that come from numbers: key, publication, its letter, family, twin, national entry."""
    stated, published = numbers(cells["application_no"]), numbers(cells["publication_no"])
    own, publication = application_keys(stated), publication_keys(published)
    key = pc.if_else(pc.equal(own, ""), publication, own)
    missing = mask(pc.equal(key, ""))
    abroad = are_international(stated) | are_international(published)
    note(broken, INTERNATIONAL, missing & abroad)
    note(broken, NO_NUMBER, missing & ~abroad)
    if "office" in cells:
        note(broken, OTHER_OFFICE, mask(mapped(cells["office"], lambda t: plain_text(t) not in {"", "CN"}, pa.bool_())))
    if "sequence" in cells:
        note(broken, INVENTOR, mask(mapped(cells["sequence"], lambda t: _whole(t) == 0, pa.bool_())))
    letter = pc.replace_substring_regex(published, r"^.*?([A-Z])\d?$", r"\1")
    family = pc.utf8_trim_whitespace(cells["family"])
    entry = pc.match_substring_regex(own, r"^(\d{4}[89]\d{7}|\d{2}[89]\d{5})$")
    return {
        "key": key,
        "publication": pc.if_else(pc.equal(own, ""), "", publication),
        "letter": mapped(letter, _letter, pa.int8()),
        "family": pc.if_else(pc.is_in(family, value_set=pa.array(["", "-", "0"])), None, family),
        "pct": _or_null(international_numbers(numbers(cells["international"]))),
        "entry": entry,
        "twin": mapped(cells["twin"], _twin, pa.string()),
        "title": _or_null(pc.replace_substring_regex(plain(cells["title"]), r"\s", "")),
        "ipc": _or_null(pc.utf8_trim_whitespace(pc.replace_substring_regex(cells["ipc"], r"[;；|].*$", ""))),
    }


def _dated(cells: Cells, columns: dict[str, pa.Array], broken: Codes, repairs: "Counter[str]") -> None:
    """Add the day of application; a layout without a date gives the year of filing or of the number."""
    if "date" in cells:
        day = mapped(cells["date"], parse_date, pa.date32())
        usual = mask(pc.match_substring_regex(cells["date"], _USUAL_DATE))
        repairs["application date written in another way than YYYYMMDD or YYYY-MM-DD"] += int(
            (~usual & mask(pc.is_valid(day)) & (broken == KEPT)).sum()
        )
    else:
        year = cells["filing_year"] if "filing_year" in cells else mapped(columns["key"], _year_of_number, pa.string())
        day = mapped(year, lambda t: parse_date(f"{_whole(t) or ''}0101"), pa.date32())
        repairs["no application date in the layout; the first day of the year of filing"] += int((broken == KEPT).sum())
    columns["day"] = day
    note(broken, NO_DATE, mask(pc.is_null(day)))
    years = pc.fill_null(pc.year(day), FIRST_YEAR).to_numpy()
    note(broken, NO_SUCH_DATE, (years < FIRST_YEAR) | (years > LAST_YEAR))


def _of_kind(cells: Cells, columns: dict[str, pa.Array], broken: Codes) -> None:
    """Add the kind: as stated, or by the fifth of twelve, third of eight digits, or the first of a publication."""
    stated = mapped(cells["kind"], _stated, pa.int8())
    key = columns["key"]
    length = pc.utf8_length(key)
    digit = pc.if_else(
        pc.and_(pc.equal(length, 12), pc.invert(pc.starts_with(key, "CN"))),
        pc.utf8_slice_codeunits(key, 4, 5),
        pc.utf8_slice_codeunits(key, 2, 3),
    )
    kind = pc.coalesce(stated, mapped(digit, _KIND_DIGITS.get, pa.int8()))
    columns["kind"] = kind
    note(broken, NO_KIND, mask(pc.is_null(kind)))


def _kinds(cells: Cells, names: Names, kept: Mask, repairs: "Counter[str]") -> Codes:
    """Return 1 for each person, 0 for each organisation: by the stated types, else by name."""
    by_name = np.array([kind_of(word) == PERSON for word in names.words] or [False], dtype=np.intp)[names.code]
    if "applicant_types" not in cells:
        return by_name
    stated = beside(cells["applicant_types"], names.counts, _types, names)
    lost = filled(cells["applicant_types"])[names.row] & (stated == NONE) & (names.position == 0) & kept[names.row]
    repairs["types of applicants do not match in number; told by name"] += int(lost.sum())
    return np.where(stated >= 0, stated, by_name)


def _types(text: str, count: int) -> list[int]:
    kinds = stated_kind(text, count)
    return [_UNKNOWN if kind == "" else int(kind == PERSON) for kind in kinds]


def _teams(names: Names, first: Codes, rows: int) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """Return a number for the set of each row's applicants, whatever their order."""
    hashes = pd.util.hash_array(np.array(names.words or [""], dtype=object))
    total = np.concatenate([[np.uint64(0)], np.cumsum(hashes[names.code[first]], dtype=np.uint64)])
    ends = np.cumsum(np.bincount(names.row[first], minlength=rows))
    of_row: np.ndarray[tuple[int], np.dtype[np.uint64]] = np.diff(total[np.concatenate([[0], ends])])
    return of_row


def _stated(text: str) -> int | None:
    for word, kind in _KIND_WORDS:
        if word in text:
            return kind
    return _KIND_CODES.get(text.strip().upper())


def _letter(text: str) -> int:
    """Return what orders publications of one application: the application (A) stands before the grant (B)."""
    return ord(text) - ord("A") if len(text) == 1 and "A" <= text <= "Z" else 26


def _twin(text: str) -> str | None:
    """Return the number of the other application of a pair, `+` where it is only said that there is one."""
    found = application_keys(numbers(pa.array([text])))[0].as_py()
    return found or (_TWIN if plain_text(text) in {"是", "Y", "YES", "1", "一案双申"} else None)


def _year_of_number(key: str) -> str:
    """Return the year of an application number: the first four of twelve digits, the first two of eight."""
    if len(key) == 12 and key.isdigit():
        return key[:4]
    return f"{19 if key[:2] >= '85' else 20}{key[:2]}" if len(key) == 8 and key.isdigit() else ""


def _whole(text: str) -> int | None:
    """Return a whole number of at most nine digits: years and places in a list have no more."""
    digits = plain_text(text).removesuffix(".0")
    fits = digits.isascii() and digits.isdigit() and len(digits.lstrip("0")) <= 9
    return int(digits) if fits else None


def plain_text(text: str) -> str:
    """Return a short cell in one spelling."""
    return text.strip().upper()


def _or_null(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), None, column)
