"""The F test that a regression on explicit dummies prints: all terms, those of the fixed effects included."""

import numpy as np

from citypanel.errors import EstimationError
from citypanel.estimate.absorbed import DENSE_CELLS
from citypanel.estimate.design import INTERCEPT, Design
from citypanel.estimate.fit import Fit, fit
from citypanel.estimate.regression import neighbours_of
from citypanel.result import Value


def f_of_all_terms(design: Design, fitted: Fit, *, ssc: str) -> dict[str, Value]:
    """Return f, f_p, f_df1 and f_df2 of all coefficients but the constant, dummies of fixed effects included.

    It is the Wald test that `regress y x i.city i.year` prints, under the declared variance with every dummy
    counted as a parameter. Redundant dummies are left out. Without fixed effects it is the test of the slopes.

    Raises
    ------
    EstimationError
        There are too many categories for explicit dummies.

    Notes
    -----
    A clustered variance has at most as many independent directions as clusters less one: on more terms the test
    does not exist, and `f` is None.
    """
    levels = [int(codes.max()) + 1 for codes in design.effects]
    if design.n * sum(levels) > DENSE_CELLS:
        raise EstimationError("f_terms=all needs a dummy per category; there are too many, use f_terms=slopes")
    slopes = [name for name in fitted.names if name != INTERCEPT]
    dummies = [(codes[:, None] == np.arange(1, size)) * 1.0 for codes, size in zip(design.effects, levels, strict=True)]
    X = np.column_stack([design.X[:, [design.names.index(name) for name in slopes]], *dummies, np.ones(design.n)])
    names = [*slopes, *(f"dummy {position}" for position in range(X.shape[1] - len(slopes) - 1)), INTERCEPT]
    explicit = fit(
        design.y,
        X,
        names,
        convention=design.convention,
        neighbours=neighbours_of(design),
        weights=design.weights,
        ssc=ssc,
    )
    return {name: explicit.stats[name] for name in ("f", "f_p", "f_df1", "f_df2")}
