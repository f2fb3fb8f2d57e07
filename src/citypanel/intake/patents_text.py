"""Cells of patent files read column by column; `names` says the same one cell at a time.

Few distinct texts stand behind millions of cells: what needs more than a pattern is read once for each of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.arrays import Codes, Mask
from citypanel.intake.customs_fields import mapped
from citypanel.intake.names import clean_name
from citypanel.intake.reading import Block
from citypanel.intake.recognise import RawFile

NONE = -1  # an integer that is missing

_USUAL = r"^[\x00-\x7f\x{4e00}-\x{9fff}]*$"  # text that NFKC leaves as it is
_PREFIX = r"^(?:CN|ZL)+"
_APPLICATION = r"^(?P<found>\d{12}|\d{8})(?:\.?[\dX])?$"
_PUBLICATION = r"^(?P<found>CN\d{7,13})[A-Z]\d?$"
_INTERNATIONAL = r"(?P<found>PCT/[A-Z]{2}\d{2,4}/\d+)"


class Cells:
    """The columns of a block by role; a role that the layout lacks is empty text."""

    def __init__(self, raw: RawFile, block: Block) -> None:
        self.raw, self.block = raw, block
        self.rows = len(block.rows)
        self._empty = pa.array([""], type=pa.string()).take(pa.array(np.zeros(self.rows, dtype=np.int64)))

    def __contains__(self, role: str) -> bool:
        return role in self.raw.columns

    def __getitem__(self, role: str) -> pa.Array:
        at = self.raw.columns.get(role)
        if at is None:
            return self._empty
        column = self.block.table.column(at).combine_chunks()
        return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


@dataclass(frozen=True)
class Names:
    """The names in a column of cells: `row` and `position` of each, and its text as `words[code]`."""

    row: Codes
    position: Codes
    code: Codes
    words: list[str]
    counts: Codes


def plain(column: pa.Array) -> pa.Array:
    """Return text after NFKC, without blanks around it."""
    unusual = np.flatnonzero(~mask(pc.match_substring_regex(column, _USUAL)))
    if len(unusual):
        normal = pc.utf8_normalize(column.take(pa.array(unusual)), form="NFKC")
        column = pc.replace_with_mask(column, _at(unusual, len(column)), normal)
    return pc.utf8_trim_whitespace(column)


def numbers(column: pa.Array) -> pa.Array:
    """Return application or publication numbers in one spelling: upper case, no blanks."""
    return pc.utf8_upper(pc.replace_substring_regex(plain(column), r"\s", ""))


def application_keys(spelled: pa.Array) -> pa.Array:
    """Return application numbers without country, dot and check digit, "" where there is none."""
    return _extracted(pc.replace_substring_regex(spelled, _PREFIX, ""), _APPLICATION)


def publication_keys(spelled: pa.Array) -> pa.Array:
    """Return publication numbers without their kind letter, "" where there is none."""
    return _extracted(spelled, _PUBLICATION)


def international_numbers(spelled: pa.Array) -> pa.Array:
    """Return numbers of international applications, "" where there is none."""
    return _extracted(spelled, _INTERNATIONAL)


def are_international(spelled: pa.Array) -> Mask:
    """Whether numbers are those of international applications or publications (PCT, WO)."""
    return mask(pc.or_(pc.starts_with(spelled, "PCT"), pc.starts_with(spelled, "WO")))


def names_in(column: pa.Array) -> Names:
    """Return the names in cells, whatever separates them: `;`, `；` or `|`."""
    cells = pc.replace_substring(pc.replace_substring(plain(column), "【", "["), "】", "]")
    lists = pc.split_pattern_regex(cells, r"[;|]")
    row = lists_parents(lists)
    encoded = pc.list_flatten(lists).dictionary_encode()
    code, words = _one_spelling(encoded)
    if words and "" in words:
        kept = np.flatnonzero(code != words.index(""))
        row, code = row[kept], code[kept]
    counts = np.bincount(row, minlength=len(column)).astype(np.intp)
    position = np.arange(len(row), dtype=np.intp) - (np.cumsum(counts) - counts)[row]
    return Names(row, position, code, words, counts)


def chosen(names: Names, others: Names) -> Names:
    """Return `others` in the rows where they are as many as `names`, `names` elsewhere."""
    better = (others.counts == names.counts) & (names.counts > 0)
    words: dict[str, int] = {}
    first = np.array([words.setdefault(word, len(words)) for word in names.words], dtype=np.intp)
    second = np.array([words.setdefault(word, len(words)) for word in others.words], dtype=np.intp)
    stay, come = ~better[names.row], better[others.row]
    row = np.concatenate([names.row[stay], others.row[come]])
    order = np.argsort(row, kind="stable")
    code = np.concatenate([first[names.code[stay]], second[others.code[come]]])[order]
    position = np.concatenate([names.position[stay], others.position[come]])[order]
    return Names(row[order], position, code, list(words), names.counts)


def renamed(names: Names, read: Callable[[str], str]) -> Names:
    """Return the names with every word replaced by what it is read as."""
    words: dict[str, int] = {}
    code = np.array([words.setdefault(read(word), len(words)) for word in names.words], dtype=np.intp)
    return Names(names.row, names.position, code[names.code], list(words), names.counts)


def first_appearances(names: Names) -> Codes:
    """Return the places of each name's first appearance in its row."""
    _, first = np.unique(names.row * max(len(names.words), 1) + names.code, return_index=True)
    return np.sort(first)


def beside(column: pa.Array, counts: Codes, read: Callable[[str, int], list[int]], names: Names) -> Codes:
    """Return, for each name, the value that stands for it in another column, `NONE` where there is none.

    Parameters
    ----------
    column : array of text, one cell a row
    counts : array
        How many values the cell should hold.
    read : callable
        The values of a cell; called once for each distinct text and count.
    names : Names
        Whose rows and positions are asked.
    """
    encoded = column.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    width = int(counts.max(initial=0)) + 1
    pairs, which = np.unique(encoded.indices.to_numpy() * width + counts, return_inverse=True)
    lists = [read(texts[pair // width], pair % width) for pair in pairs.tolist()]
    lengths = np.array([len(values) for values in lists], dtype=np.intp)
    values = np.array([value for found in lists for value in found] or [NONE], dtype=np.intp)
    of_row = which[names.row] if len(names.row) else np.empty(0, dtype=np.intp)
    at = (np.cumsum(lengths) - lengths)[of_row] + names.position
    inside = names.position < lengths[of_row]
    return np.where(inside, values[np.minimum(at, len(values) - 1)], NONE)


def lists_parents(lists: pa.Array) -> Codes:
    """Return the row that each element of a column of lists belongs to."""
    return np.asarray(pc.list_parent_indices(lists), dtype=np.intp)


def mask(column: pa.Array) -> Mask:
    """Return a column of truth values as an array."""
    return np.asarray(column, dtype=np.bool_)


def filled(column: pa.Array) -> Mask:
    """Whether cells hold anything."""
    return mask(pc.not_equal(column, ""))


def _one_spelling(encoded: pa.DictionaryArray) -> tuple[Codes, list[str]]:
    """Return names in the spelling of `clean_name`: a code each, and the distinct words."""
    trimmed = pc.utf8_trim_whitespace(encoded.dictionary)
    unusual = pc.match_substring_regex(trimmed, r"\s|^\[")
    cleaned = mapped(trimmed.filter(unusual), clean_name, pa.string())
    words = pc.replace_with_mask(trimmed, unusual, cleaned).dictionary_encode()
    code = words.indices.to_numpy()[encoded.indices.to_numpy()] if len(encoded) else np.empty(0)
    return code.astype(np.intp), words.dictionary.to_pylist()


def _extracted(column: pa.Array, pattern: str) -> pa.Array:
    found = pc.struct_field(pc.extract_regex(column, pattern=pattern), "found")
    return pc.fill_null(found, "")


def _at(places: Iterable[int], length: int) -> pa.Array:
    flags = np.zeros(length, dtype=np.bool_)
    flags[np.asarray(places, dtype=np.intp)] = True
    return pa.array(flags)
