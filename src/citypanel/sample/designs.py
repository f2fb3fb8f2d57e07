"""Which panels with a known truth can be drawn for each study; known without numpy, for the workflow's files."""

from collections.abc import Iterable

from citypanel.errors import InputError
from citypanel.sample.presets import YRD_COOPERATION, checked_study

MAIN = "main"  # the study's own size, years and cohorts
NO_EFFECT = "no_effect"
# Spatial designs need a matrix of weights and carry its name: `sar:distance`.
SPATIAL = ("sar", "sem", "sdm")
DESIGNS: dict[str, tuple[str, ...]] = {
    YRD_COOPERATION: (MAIN, NO_EFFECT),
    "smart_city": (
        MAIN, "recorded_years", NO_EFFECT, "growing_effect",
        "dynamic", "dynamic_selected", "endogenous", "weak_instrument",
    ),
    "ip_model_city": (MAIN, NO_EFFECT, "growing_effect"),
    "collaborative_gap": (MAIN, "one_slope"),
}  # fmt: skip


def known_designs(study: str, weights: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names of a study's designs; matrices of weights add spatial ones where outcomes can depend on them.

    Raises
    ------
    InputError
        No such world.
    """
    known = DESIGNS[checked_study(study)]
    if study != YRD_COOPERATION:
        return known
    return (*known, *(f"{model}:{name}" for name in weights for model in SPATIAL))


def checked_design(study: str, design: str, weights: Iterable[str] = ()) -> str:
    """Return the design; raise InputError with those there are."""
    known = known_designs(study, weights)
    if design not in known:
        raise InputError(f"sample: design {design!r} of {study} is not known; there are {', '.join(known)}")
    return design
