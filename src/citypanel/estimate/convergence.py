"""Speed of convergence and half-life of differences, from the coefficient of a growth regression."""

from math import log, log1p

from citypanel.declare.methods import LinearOptions
from citypanel.errors import DeclarationError
from citypanel.estimate.design import INTERCEPT
from citypanel.estimate.fit import Fit
from citypanel.result import Value


def convergence_statistics(fitted: Fit, options: LinearOptions) -> dict[str, Value]:
    """Return `speed`, `speed_se` and `half_life` for mean yearly growth on the log level at its beginning.

    Parameters
    ----------
    fitted : Fit
        Of (ln y_t+T - ln y_t) / T on ln y_t and others; the coefficient is that of `term`, by default the first.
    options : LinearOptions
        `convergence` is T in years.

    Returns
    -------
    Speed a year with its delta-method error, and years until half of a difference is gone. A coefficient that
    leaves less than nothing of a difference after T years, b <= -1/T, has no speed; one without convergence,
    b >= 0, no half-life: both are None.

    Notes
    -----
    b = -(1 - exp(-speed T)) / T, Barro and Sala-i-Martin (1992), Journal of Political Economy 100(2), equation 10.
    """
    years = options.convergence
    slopes = [name for name in fitted.names if name != INTERCEPT]
    term = options.term or next(iter(slopes), "")
    if term not in slopes:
        raise DeclarationError(f"convergence: term is '{term}'; allowed: {', '.join(slopes) or 'none'}")
    at = fitted.names.index(term)
    b, se = float(fitted.coefficients[at]), float(fitted.variance.se[at])
    left = 1 + b * years
    if left <= 0:
        return {"convergence_years": years, "speed": None, "speed_se": None, "half_life": None}
    speed = -log1p(b * years) / years
    half_life = log(2) / speed if speed > 0 else None
    return {"convergence_years": years, "speed": speed, "speed_se": se / left, "half_life": half_life}
