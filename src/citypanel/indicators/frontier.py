"""Data envelopment with constant returns: the largest output that a technology makes of given inputs.

A technology is the smallest cone, with free disposal, that holds the inputs and outputs of all cities of a year
(Charnes, Cooper and Rhodes 1978). By duality the output it makes of inputs x is the smallest cost u x over prices
u >= 0 at which no city of the technology makes a profit, u x_j >= y_j.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import eye_array, kron
from scipy.spatial import ConvexHull, QhullError

from citypanel.arrays import Matrix, Vector
from citypanel.errors import EstimationError


def spanning(inputs: Matrix, output: Vector) -> tuple[Matrix, Vector]:
    """Return the cities that may span the technology: corners of the hull of inputs per output.

    Parameters
    ----------
    inputs : array, shape (cities, inputs)
        Positive.
    output : array, shape (cities,)
        Positive.
    """
    if len(output) <= inputs.shape[1] + 2:
        return inputs, output
    try:
        corners = ConvexHull(inputs / output[:, None]).vertices
    except (QhullError, ValueError):
        # All on one line or plane, or one input only: there is no hull, every city stays.
        return inputs, output
    return inputs[corners], output[corners]


def largest_output(inputs: Matrix, technology: tuple[Matrix, Vector]) -> Vector:
    """Return the largest output that the technology makes of each city's inputs.

    Parameters
    ----------
    inputs : array, shape (cities, inputs)
    technology : pair of arrays
        Inputs, shape (others, inputs), and output, shape (others,), of the cities that span it.

    Notes
    -----
    The programmes of all cities are solved as one (HiGHS): their constraints have no variable in common. Inputs are
    scaled to mean one, so that tolerances mean the same whatever the units.
    """
    others, output = technology
    scale, unit = others.mean(axis=0), float(output.mean())
    count = len(inputs)
    constraints = kron(eye_array(count), others / scale, format="csr")
    solved = linprog(
        (inputs / scale).ravel(),
        A_ub=-constraints,
        b_ub=-np.tile(output / unit, count),
        bounds=(0, None),
        method="highs",
    )
    if solved.status != 0:
        raise EstimationError(f"data envelopment: the linear programme was not solved ({solved.message})")
    return np.asarray((solved.x.reshape(inputs.shape) * inputs / scale).sum(axis=1) * unit)


def malmquist(inputs: Matrix, output: Vector) -> dict[str, Matrix]:
    """Return the Malmquist index of productivity and its factors, year on year.

    Parameters
    ----------
    inputs : array, shape (years, cities, inputs)
    output : array, shape (years, cities)
        The same cities in every year.

    Returns
    -------
    dict of arrays
        `efficiency` (years, cities), output over the largest output of its own year; `efficiency_change`,
        `technical_change` and `change`, their product, (years - 1, cities).

    Notes
    -----
    With D_s(t) the output of year t over the largest that the technology of year s makes of its inputs: change =
    sqrt(D_t(t+1)/D_t(t) D_t+1(t+1)/D_t+1(t)), efficiency change = D_t+1(t+1)/D_t(t) (Faere, Grosskopf, Norris and
    Zhang 1994, American Economic Review 84(1), output orientation, constant returns).
    """
    years = len(output)
    technologies = [spanning(inputs[t], output[t]) for t in range(years)]

    def distance(of: int, by: int) -> Vector:
        return np.asarray(output[of] / largest_output(inputs[of], technologies[by]))

    own = np.stack([distance(t, t) for t in range(years)])
    forward = np.stack([distance(t + 1, t) for t in range(years - 1)])
    backward = np.stack([distance(t, t + 1) for t in range(years - 1)])
    efficiency_change = own[1:] / own[:-1]
    technical_change = np.sqrt(forward / own[1:] * own[:-1] / backward)
    return {
        "efficiency": own,
        "efficiency_change": efficiency_change,
        "technical_change": technical_change,
        "change": np.sqrt(forward / own[:-1] * own[1:] / backward),
    }
