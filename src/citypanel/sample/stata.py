"""Stata files of release 10 (format 114), written block by block: GB18030 text that the file does not declare."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from citypanel.arrays import Vector

ENCODING = "gb18030"
FORMAT, LITTLE_ENDIAN = 114, 2
MISSING = struct.unpack("<d", struct.pack("<Q", 0x7FE0000000000000))[0]  # Stata's `.` as a double
NUMBER, LONGEST_TEXT = 255, 244
STAMP = b" 1 Jan 2020 00:00"
ROWS_AT = 6  # where the header counts the rows


@dataclass(frozen=True)
class Variable:
    """A column: its name, and how many bytes of text it holds (0 for a number)."""

    name: str
    width: int = 0


class StataFile:
    """A file that grows by blocks; the number of rows is put into the header at the end."""

    def __init__(self, path: Path, variables: Sequence[Variable]) -> None:
        self.variables = tuple(variables)
        self.rows = 0
        self._layout = np.dtype([(f"c{i}", f"S{v.width}" if v.width else "<f8") for i, v in enumerate(variables)])
        self._file = path.open("wb")
        self._file.write(_head(self.variables))

    def add(self, columns: Mapping[str, Vector | np.ndarray]) -> None:
        """Append rows: arrays of numbers (nan is missing) or of encoded text, by name of the variable."""
        block = np.zeros(len(next(iter(columns.values()))), dtype=self._layout)
        for i, variable in enumerate(self.variables):
            column = columns[variable.name]
            block[f"c{i}"] = column if variable.width else np.where(np.isnan(column), MISSING, column)
        self._file.write(block.tobytes())
        self.rows += len(block)

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Write the number of rows and close."""
        self._file.seek(ROWS_AT)
        self._file.write(struct.pack("<i", self.rows))
        self._file.close()


def _head(variables: Sequence[Variable]) -> bytes:
    """Return all that stands before the rows: header, types, names, sort order, formats, labels."""
    types = bytes(min(v.width, LONGEST_TEXT) or NUMBER for v in variables)
    names = b"".join(v.name.encode(ENCODING).ljust(33, b"\0") for v in variables)
    formats = b"".join((f"%{v.width}s" if v.width else "%10.0g").encode().ljust(49, b"\0") for v in variables)
    count = len(variables)
    header = struct.pack("<bbbbhi", FORMAT, LITTLE_ENDIAN, 1, 0, count, 0) + b"\0" * 81 + STAMP.ljust(18, b"\0")
    return header + types + names + b"\0" * 2 * (count + 1) + formats + b"\0" * (33 + 81) * count + b"\0" * 5
