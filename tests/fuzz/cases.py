"""How many cases each fuzz test tries, and the junk that all of them draw from.

CITYPANEL_FUZZ multiplies the number of cases: `make fuzz` tries fifty times as many as `make test`.
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("CITYPANEL_FUZZ", "1"))
CASES = {
    "formulas": 5_000,
    "conditions": 3_000,
    "expressions": 3_000,
    "configurations": 2_500,
    "yaml": 2_000,
    "studies": 1_500,
    "printed": 1_500,
    "weights": 1_500,
    "commands": 800,
    "customs": 250,
    "other_raw": 250,
    "raw_bytes": 300,
}
LONGEST = timedelta(seconds=10)  # a case that takes longer is a hang

JUNK_TEXTS = (
    "", " ", "0", "-1", "1e309", "nan", "NaN", "inf", "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "\\input{/etc/passwd}",
    "\\write18{id}", "<script>alert(1)</script>", "../../etc/passwd", "/etc/passwd", "{raw}", "..controls", "__class__",
    "${HOME}", "$(id)", "`id`", "%s%n", "a" * 300, "汉字", "\u202etxt", "\ufeffx", "\x00", "\n", "\t", "'", '"', ",",
    ";", "|", "0x1F", "1_000", "１２", "−3", "1,234.5", "2011-13-45", "99999999999999999999", "True", "null", "~",
    "!!python/name:os.system",
)  # fmt: skip
texts = st.one_of(st.sampled_from(JUNK_TEXTS), st.text(max_size=12))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def one_line(error: Exception, opening: str = "") -> None:
    """Check that a refusal is one line that says something."""
    said = str(error)
    assert said.strip()
    assert said.startswith(opening)
    assert "\n" not in said
    assert len(said) < 2_000


tried: Counter[str] = Counter()  # by test: how many cases were really run


def cases(name: str) -> Callable[[Any], Any]:
    """Return the settings of a fuzz test: how many cases, always the same ones, no case longer than `LONGEST`."""
    chosen = settings(
        max_examples=CASES[name] * TIMES,
        deadline=LONGEST,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )

    def decorate(test: Any) -> Any:
        inner = test.hypothesis.inner_test

        @wraps(inner)
        def counted(*arguments: Any, **named: Any) -> Any:
            tried[test.__name__] += 1
            return inner(*arguments, **named)

        test.hypothesis.inner_test = counted
        return chosen(test)

    return decorate
