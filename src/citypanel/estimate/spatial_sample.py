"""The sample of a spatial method: the design's rows joined with the weights file that the options name."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from citypanel.arrays import Codes
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError
from citypanel.estimate.design import Design, build_design, require_panel
from citypanel.estimate.spatial_panel import SpatialLayout, lay_out
from citypanel.estimate.spatial_weights import PanelWeights, panel_weights, read_weights


@dataclass(frozen=True)
class SpatialSample:
    """Rows, weights and layout; `units` are the names of the unit codes, `periods` of the period codes."""

    design: Design
    weights: PanelWeights
    layout: SpatialLayout
    units: tuple[object, ...]
    periods: tuple[object, ...]
    keys: tuple[str | None, str | None]
    warnings: tuple[str, ...]

    def effect_names(self, kind: str) -> tuple[str, ...]:
        """Return the panel keys whose effects `none`, `unit`, `time` or `both` takes out."""
        unit, time = self.keys[0] or "unit", self.keys[1] or "time"
        return {"none": (), "unit": (unit,), "time": (time,), "both": (unit, time)}[kind]

    @property
    def read_rows(self) -> pd.DataFrame:
        """Return the rows used, with the columns that were read."""
        read = [*self.design.formula.names(), *(key for key in self.keys if key is not None)]
        return self.design.rows[list(dict.fromkeys(read))]


def spatial_sample(
    data: pd.DataFrame, specification: Specification, *, w: str, w_ids: str | None, row_standardise: bool
) -> SpatialSample:
    """Build the design and join the weights.

    Without `unit` the data are one cross-section whose rows stand in the order of the weights.

    Raises
    ------
    DeclarationError
        The formula has effects or instruments, or `time` is given without `unit`.
    InputError
        Weights and units do not match, or a unit has two rows in one period.
    """
    if specification.time is not None and specification.unit is None:
        raise DeclarationError(f"method '{specification.method}' needs --unit where --time is given")
    data = data.reset_index(drop=True)
    design = build_design(data, specification)
    _require_plain(design, specification)
    file = read_weights(w, w_ids)
    units, periods, names = _codes(design, specification)
    all_units = tuple(range(1, len(data) + 1)) if design.unit is None else _all_units(data, specification, names)
    place = {unit: number for number, unit in enumerate(all_units)}
    used = np.array([place[unit] for unit in names], dtype=np.intp)
    weights = panel_weights(file, all_units, used, row_standardise=row_standardise)
    layout = lay_out(weights.matrix, units, periods, row_standardise=row_standardise, names=[str(n) for n in names])
    return SpatialSample(
        design=design,
        weights=weights,
        layout=layout,
        units=names,
        periods=design.periods or ("1",),
        keys=(specification.unit, specification.time),
        warnings=(*design.warnings, *weights.warnings),
    )


def _require_plain(design: Design, specification: Specification) -> None:
    method = specification.method
    if design.effect_names:
        raise DeclarationError(
            f"formula '{specification.formula}': method '{method}' takes effects by the option effects_fe "
            "(unit, time, both, none), not after a bar"
        )
    if design.instrument_names or design.endogenous_names:
        raise DeclarationError(f"formula '{specification.formula}': method '{method}' takes no instruments")
    if specification.weights is not None:
        raise DeclarationError(f"method '{method}' takes no weights column; its weights are the spatial ones (w)")


def _codes(design: Design, specification: Specification) -> tuple[Codes, Codes, tuple[object, ...]]:
    if design.unit is None:
        rows = tuple(int(row) + 1 for row in design.rows.index)
        return np.arange(design.n), np.zeros(design.n, dtype=np.intp), rows
    if design.time is None:
        counts = np.bincount(design.unit)
        if counts.max() > 1:
            unit = design.units[int(counts.argmax())]
            raise DeclarationError(
                f"unit {unit} has {counts.max()} rows; method '{specification.method}' needs --time then"
            )
        return design.unit, np.zeros(design.n, dtype=np.intp), design.units
    units, periods = require_panel(design, specification.method)
    return units, periods, design.units


def _all_units(data: pd.DataFrame, specification: Specification, used: tuple[object, ...]) -> tuple[object, ...]:
    """Return all units of the data in sorted order; those left out may still be in the weights."""
    column = data[str(specification.unit)].dropna()
    found = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    values = found.unique().tolist()
    try:
        ordered = sorted(values)
    except TypeError:
        ordered = sorted(str(value) for value in values)
    return tuple(ordered) if set(used) <= set(ordered) else used
