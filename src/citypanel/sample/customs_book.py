"""All customs files of a simulated world, open at once, so that rows come in any order of years and stay few."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from citypanel.arrays import Codes
from citypanel.sample.layouts import LAYOUTS, CustomsFile
from citypanel.sample.shipments import FAULTS, Shipments, Trade, add_counts, counted, with_faults

APPENDED_SHARE = 0.02
Truth = dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Volume:
    """The files of one year: their names (parts share the rows), their layout, whether one is appended again."""

    year: int
    files: tuple[str, ...]
    layout: str
    appended_again: bool = False


class CustomsBook:
    """Takes good rows of any year, adds dirt, writes them to the year's files and counts.

    `truth` holds, per file, rows and US$ by kind of row.
    """

    def __init__(
        self,
        folder: Path,
        volumes: tuple[Volume, ...],
        trade: Trade,
        seed: tuple[int, ...],
        without: tuple[str, ...] = (),
    ) -> None:
        self._stack = ExitStack()
        self._volumes = {volume.year: volume for volume in volumes}
        self._files = {
            name: self._stack.enter_context(CustomsFile(folder / name, LAYOUTS[volume.layout], trade))
            for volume in volumes
            for name in volume.files
        }
        self._trade = trade
        self._without = without
        self._seed = seed
        self._block = 0
        self._again: dict[str, tuple[Shipments, Codes, bytes]] = {}
        self.truth: Truth = {f"customs/{name}": {} for name in self._files}

    def add(self, year: int, good: Shipments) -> None:
        """Write good rows of a year, with their dirt, in random order."""
        volume = self._volumes[year]
        self._block += 1
        rng = np.random.default_rng([*self._seed, year, self._block])
        rows, kinds = with_faults(good, self._trade, LAYOUTS[volume.layout].roles, rng, self._without)
        order = rng.permutation(len(rows))
        parts = np.array_split(order, len(volume.files))
        for name, part in zip(volume.files, parts, strict=True):
            self._write(name, rows.take(part), kinds[part], rng)
            if volume.appended_again and name not in self._again:
                size = max(2, round(APPENDED_SHARE * len(part)))
                self._keep(name, rows.take(part[:size]), kinds[part[:size]])

    def _write(self, name: str, rows: Shipments, kinds: Codes, rng: np.random.Generator) -> None:
        self._last = self._files[name].add(rows, rng)
        add_counts(self.truth[f"customs/{name}"], counted(rows, kinds))

    def _keep(self, name: str, rows: Shipments, kinds: Codes) -> None:
        """Keep the first lines of a file, as a vendor who appends them once more at the end."""
        lines = self._last.split(b"\r\n")[: len(rows)]
        self._again[name] = (rows, kinds, b"".join(line + b"\r\n" for line in lines))

    def __enter__(self) -> Self:
        """Return the book itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Append what is appended again, and close all files."""
        if kind is None:
            for name, (rows, kinds, lines) in self._again.items():
                self._files[name].add_bytes(lines)
                add_counts(self.truth[f"customs/{name}"], _as_copies(rows, kinds))
        self._stack.__exit__(kind, fault, at)


def _as_copies(rows: Shipments, kinds: Codes) -> Mapping[str, dict[str, int]]:
    """Count copies: imports leave at the first step, the others as duplicates at the second."""
    imports = kinds == 1 + [fault.kind for fault in FAULTS].index("import")
    value = np.maximum(rows.value, 0)
    return {
        kind: {"rows": int(mine.sum()), "value_usd": int(value[mine].sum())}
        for kind, mine in (("import", imports), ("duplicate", ~imports))
    }
