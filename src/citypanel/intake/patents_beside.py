"""Tables that stand beside applications and share their numbers: addresses, and classes."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citypanel.intake.patents_cells import KEPT, NO_NUMBER, SHOWN, note, refused_rows
from citypanel.intake.patents_places import PlaceReader
from citypanel.intake.patents_text import NONE, Cells, application_keys, mask, numbers
from citypanel.intake.reading import Block
from citypanel.intake.recognise import RawFile


@dataclass(frozen=True)
class Beside:
    """What a block says about applications: a line each, the places listed in it, and rows refused."""

    keyed: pa.Table
    listed: pa.Table
    refused: pa.Table


class BesideReader:
    """Reads blocks of addresses or classes."""

    def __init__(self, places: PlaceReader) -> None:
        self.places = places

    def read(self, raw: RawFile, block: Block, first_id: int) -> Beside:
        """Return a block's lines; a line's id is `first_id` plus its number in the file."""
        cells = Cells(raw, block)
        key = application_keys(numbers(cells["application_no"]))
        broken = np.full(cells.rows, KEPT, dtype=np.intp)
        note(broken, NO_NUMBER, mask(pc.equal(key, "")))
        ipc = pc.utf8_trim_whitespace(pc.replace_substring_regex(cells["ipc"], r"[;；|].*$", ""))
        text = pc.binary_join_element_wise(*block.table.columns, ",")
        ids = pa.array(block.rows + first_id)
        keyed = {
            "id": ids,
            "key": key,
            "ipc": pc.if_else(pc.equal(ipc, ""), None, ipc),
            "text": pc.utf8_slice_codeunits(text, 0, SHOWN),
        }
        found = self.places.listed(cells)
        codes = found.column("adcode")
        listed = {
            "id": ids.take(found.column("row")),
            "position": found.column("position"),
            "adcode": pc.if_else(pc.equal(codes, NONE), None, codes),
            "rank": found.column("rank"),
        }
        return Beside(pa.table(keyed).filter(pa.array(broken == KEPT)), pa.table(listed), refused_rows(block, broken))
