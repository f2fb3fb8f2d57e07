"""Stars of significance."""

from collections.abc import Sequence


def stars_of(p: float | None, levels: Sequence[float]) -> str:
    """Return one star for each level that `p` lies strictly below; no p value, no star."""
    return "" if p is None else "*" * sum(p < level for level in levels)


def stars_legend(levels: Sequence[float]) -> str:
    """Return `* p < 0.1, ** p < 0.05, *** p < 0.01` for levels from the widest to the narrowest."""
    ordered = sorted(levels, reverse=True)
    return ", ".join(f"{'*' * count} p < {level:g}" for count, level in enumerate(ordered, start=1))
