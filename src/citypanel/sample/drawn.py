"""A drawn panel: rows of cities and years, and what is true in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from citypanel.arrays import Codes, Mask, Matrix, Vector

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DrawnPanel:
    """`frame` has city, year and the study's variables; `truth` the effects in this panel.

    Effects differ by city and cities are drawn anew, so what a clustered interval covers is the mean of `truth`
    over panels; around the truth of its own panel it is too wide.
    """

    frame: "pd.DataFrame"
    truth: dict[str, float]


def framed(
    codes: Codes, years: tuple[int, ...], columns: Mapping[str, Matrix | Vector | Codes | Mask]
) -> "pd.DataFrame":
    """Return columns given by city, or by city and year, as rows."""
    import pandas as pd  # noqa: PLC0415 - writing a sample needs no pandas

    shape = (len(codes), len(years))
    keys = {"city": np.repeat(codes, len(years)), "year": np.tile(years, len(codes))}
    wide = {name: np.broadcast_to(v if v.ndim == 2 else v[:, None], shape).ravel() for name, v in columns.items()}
    return pd.DataFrame(keys | wide)


def effects_by_time(effect: Matrix, cohort: Codes, years: tuple[int, ...], last: int) -> dict[str, float]:
    """Return the mean effect by years since the start, `t+0` to `t+LAST`; the last one gathers all later years."""
    since = np.array(years)[None, :] - cohort[:, None]
    begun = (cohort[:, None] > 0) & (since >= 0)
    at = np.minimum(since, last)
    return {f"t+{k}": float(effect[begun & (at == k)].mean()) for k in range(last + 1)}
