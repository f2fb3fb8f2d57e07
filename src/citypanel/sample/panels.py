"""Panels with a known truth at each study's own size, for Monte Carlo: the worlds without their raw files.

A panel takes some milliseconds, so bias, size and coverage of an estimator can be counted over hundreds.
"""

from collections.abc import Mapping
from importlib import import_module

from citypanel.arrays import Matrix
from citypanel.sample.designs import MAIN, checked_design
from citypanel.sample.drawn import DrawnPanel

# The module that draws the panels of a study, loaded when asked for.
MODULES = {
    "yrd_cooperation": "citypanel.sample.panels_spatial",
    "smart_city": "citypanel.sample.panels_smart_city",
    "ip_model_city": "citypanel.sample.panels_ip_model_city",
    "collaborative_gap": "citypanel.sample.panels_gap",
}


def draw_panel(study: str, seed: int, design: str = MAIN, weights: Mapping[str, Matrix] | None = None) -> DrawnPanel:
    """Draw one panel of a study.

    Parameters
    ----------
    study
        One of `presets.STUDIES`.
    seed
        The same seed gives the same panel; the designs of one seed share their cities.
    design
        One of `designs.designs`: what is true in the panel.
    weights : mapping of arrays, shape (41, 41), optional
        Row-standardised, cities in order of adcode: what the outcome of yrd_cooperation depends on in the designs
        `sar:NAME`, `sem:NAME` and `sdm:NAME`. Not used by the other studies.

    Raises
    ------
    InputError
        Unknown study or design, weights of another shape.
    """
    given = weights or {}
    checked_design(study, design, given)
    panel: DrawnPanel = import_module(MODULES[study]).draw(seed, design, given)
    return panel
