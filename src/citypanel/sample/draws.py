"""Many drawn panels in one file, each a row group, and what is true in them beside it."""

import csv
import errno
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from citypanel.arrays import Matrix
from citypanel.atomic import written_beside
from citypanel.canonical import Origin, origin_metadata
from citypanel.errors import InputError
from citypanel.sample.designs import checked_design
from citypanel.sample.drawn import DrawnPanel
from citypanel.sample.panels import draw_panel
from citypanel.sample.prefectures import prefectures
from citypanel.sample.presets import YRD_COOPERATION, checked_seed, checked_study
from citypanel.sample.tables import target_panel

KEYS = (("design", pa.string()), ("draw", pa.int32()))
TRUTH = pa.schema([*KEYS, ("name", pa.string()), ("value", pa.float64())])


@dataclass(frozen=True)
class Plan:
    """What is drawn: `study` whose world, its `designs`, the numbers of the panels, and the seed behind them.

    A panel depends on `seed` and its number alone, not on what is drawn with it. `columns` are written besides city
    and year; None is all.
    """

    study: str
    designs: tuple[str, ...]
    draws: range
    seed: int
    columns: tuple[str, ...] | None = None


def write_draws(plan: Plan, panels: Path, truth: Path, weights: Mapping[str, Path]) -> None:
    """Draw panels of every design and write them; both files appear whole or not at all.

    Parameters
    ----------
    plan : Plan
    panels : Path
        Parquet: `design`, `draw`, the panel's columns; a row group for each panel. Columns that a design lacks
        are empty.
    truth : Path
        Parquet: `design`, `draw`, `name`, `value`.
    weights : mapping of Path
        Matrices by name, CSV with adcodes as header; rows are standardised here.

    Raises
    ------
    InputError
        Unknown study or design, absurd seed, weights of other cities, no space: one line each.
    """
    checked_study(plan.study)
    checked_seed(plan.seed)
    matrices = {name: read_weights(path, plan.study) for name, path in weights.items()}
    for design in plan.designs:
        checked_design(plan.study, design, matrices)
    try:
        _write(plan, panels, truth, matrices)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some space or draw fewer panels" if full else "choose another folder"
        raise InputError(f"{panels} cannot be written: {error.strerror}; {remedy}") from None


def _write(plan: Plan, panels: Path, truth: Path, matrices: Mapping[str, Matrix]) -> None:
    def drawn(design: str, draw: int) -> DrawnPanel:
        return draw_panel(plan.study, draw_seed(plan.seed, draw), design, matrices)

    found = _columns(drawn(design, plan.draws.start) for design in plan.designs)
    wanted = found if plan.columns is None else {"city", "year", *plan.columns}
    metadata = origin_metadata(Origin(simulated=True))
    schema = pa.schema([*KEYS, *((name, kind) for name, kind in found.items() if name in wanted)], metadata=metadata)
    with ExitStack() as stack:
        rows = stack.enter_context(written_beside(panels))
        known = stack.enter_context(written_beside(truth))
        writer = stack.enter_context(pq.ParquetWriter(rows, schema, compression="zstd"))
        true = stack.enter_context(pq.ParquetWriter(known, TRUTH.with_metadata(metadata), compression="zstd"))
        for draw in plan.draws:
            for design in plan.designs:
                panel = drawn(design, draw)
                writer.write_table(_table(panel, schema, design, draw))
                names = list(panel.truth)
                keys = [[design] * len(names), [draw] * len(names)]
                true.write_table(pa.table([*keys, names, list(panel.truth.values())], schema=TRUTH))


def draw_seed(seed: int, draw: int) -> int:
    """Return the seed of one panel: neighbouring seeds and numbers share nothing."""
    return int(np.random.SeedSequence([seed, draw]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _columns(panels: Iterable[DrawnPanel]) -> dict[str, pa.DataType]:
    found: dict[str, pa.DataType] = {}
    for panel in panels:
        for name in panel.frame.columns:
            found.setdefault(str(name), pa.from_numpy_dtype(panel.frame[name].dtype))
    return found


def _table(panel: DrawnPanel, schema: pa.Schema, design: str, draw: int) -> pa.Table:
    frame = panel.frame.assign(design=design, draw=draw)
    arrays = [
        pa.array(frame[field.name], type=field.type) if field.name in frame else pa.nulls(len(frame), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def read_weights(path: Path, study: str) -> Matrix:
    """Return a matrix of weights with rows that sum to one; raise InputError if its cities are not the study's."""
    cities = target_panel().adcodes if study == YRD_COOPERATION else prefectures(study).adcode.tolist()
    with Path(path).open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    if header != [str(code) for code in cities]:
        raise InputError(
            f"{path}: the header names {len(header)} cities; allowed: the {len(cities)} of {study}, in order"
        )
    weights = np.array(rows, dtype=np.float64)
    total: Matrix = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / total)
