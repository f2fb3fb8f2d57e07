"""What fixed effects cost: redundant levels, nested effects, rows that stand alone."""

from collections.abc import Sequence

import numpy as np

from citypanel.arrays import Codes, Mask, Vector
from citypanel.within import component_labels, is_nested, within_projection

DENSE_CELLS = 100_000_000  # rows times levels up to which leverages are found


def connected_components(first: Codes, second: Codes) -> int:
    """Return the number of groups of levels of two factors that are linked by common rows."""
    if first.size == 0:
        return 0
    sizes = int(first.max()) + 1, int(second.max()) + 1
    if first.size >= sizes[0] * sizes[1]:
        cells = np.bincount(first * sizes[1] + second, minlength=sizes[0] * sizes[1])
        if cells.all():
            return 1
    return int(np.unique(component_labels(first, second)[0]).size)


def redundant_levels(effects: Sequence[Codes]) -> tuple[int, ...]:
    """Return, per fixed effect, how many of its levels the effects before it make redundant.

    None for the first; for each later one the connected components it forms with an earlier one, the largest
    number over the earlier ones. Exact for two effects; for more it is the rule of reghdfe (Correia 2017,
    `dofadjustments(pairwise)`), which may leave some redundant levels uncounted.
    """
    return tuple(
        max((connected_components(earlier, effect) for earlier in effects[:q]), default=0)
        for q, effect in enumerate(effects)
    )


def absorbed_parameters(effects: Sequence[Codes], clusters: Sequence[Codes] = ()) -> int:
    """Return how many parameters the fixed effects count for in N - K.

    Parameters
    ----------
    effects : sequence of codes
        Fixed effects in the order of the formula.
    clusters : sequence of codes
        Cluster variables; effects nested in one of them are not counted, but the constant is, as in reghdfe
        and fixest.
    """
    if not effects:
        return 0
    redundant = redundant_levels(effects)
    nested = [any(is_nested(effect, cluster) for cluster in clusters) for effect in effects]
    counted = sum(
        int(effect.max()) + 1 - minus
        for effect, minus, inside in zip(effects, redundant, nested, strict=True)
        if not inside
    )
    return counted + (1 if nested[0] else 0)


def singleton_rows(effects: Sequence[Codes]) -> Mask:
    """Return the rows that are alone in a level of a fixed effect, found again until none is left."""
    rows = effects[0].size if effects else 0
    alone = np.zeros(rows, dtype=np.bool_)
    while True:
        kept = ~alone
        found = alone.copy()
        for codes in effects:
            counts = np.bincount(codes[kept], minlength=1)
            found[kept] |= counts[codes[kept]] == 1
        if np.array_equal(found, alone):
            return alone
        alone = found


def effect_leverage(effects: Sequence[Codes], weights: Vector | None = None) -> Vector | None:
    """Return the diagonal of the hat matrix of the fixed effects; None when too many levels remain.

    The factor with most levels gives w / W of its level, the others what their indicators add beyond it.
    """
    rows = effects[0].size
    w = np.ones(rows) if weights is None else weights / weights.mean()
    order = sorted(range(len(effects)), key=lambda q: -int(effects[q].max()))
    finest = effects[order[0]]
    rest = [effects[q] for q in order[1:] if not is_nested(finest, effects[q])]
    own: Vector = w / np.bincount(finest, w)[finest]
    if not rest:
        return own
    if sum(int(codes.max()) + 1 for codes in rest) * rows > DENSE_CELLS:
        return None
    indicators = np.column_stack([(codes[:, None] == np.arange(int(codes.max()) + 1)) * 1.0 for codes in rest])
    beyond = within_projection(indicators, [finest], weights) * np.sqrt(w)[:, None]
    inverse = np.linalg.pinv(beyond.T @ beyond, rcond=1e-11, hermitian=True)
    return np.asarray(own + np.sum((beyond @ inverse) * beyond, axis=1))
