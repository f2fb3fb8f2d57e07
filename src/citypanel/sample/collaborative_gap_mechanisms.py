"""What cooperation moves in the simulated cities of collaborative_gap, beside the gap.

Everything is per joint application and 10,000 residents. A true effect is what two-way effects find without noise.
"""

from dataclasses import dataclass

import numpy as np

from citypanel.arrays import Matrix

GRANTS = {"below": 0.30, "above": 0.05}  # on ln grants per head, of cities below and above the mean
SAVED = 0.08  # less capital and labour, in logs, for the same output
INTEGRATION = 1.8  # on 1/sqrt(segmentation), about 60
SPECIALISATION = 0.03  # on Krugman's index, about 0.4
FLOWS = ("rd_staff_flow", "rd_fund_flow")  # not moved
_LEVEL = 60.0


@dataclass(frozen=True)
class Mechanisms:
    """Cities times years: what the study's indicators come to (`outcomes`), what they are made of, true effects.

    `moved` are outcomes without noise, up to what city and year effects take: their two-way slopes are the effects.
    `grants` per 10,000 residents; `capital` in 10,000 yuan at the end of a year, `labour` in 10,000 persons.
    """

    outcomes: dict[str, Matrix]
    grants: Matrix
    capital: Matrix
    labour: Matrix
    moved: dict[str, Matrix]


def drawn_mechanisms(
    log_gdp: Matrix, noise_of_gdp: Matrix, dev: Matrix, intensity: Matrix, rng: np.random.Generator
) -> Mechanisms:
    """Draw the mechanisms.

    Parameters
    ----------
    log_gdp, noise_of_gdp : array, shape (cities, years)
        Log of GDP (10,000 yuan), and its noise.
    dev : array, shape (cities, 1)
        Standardised development.
    intensity : array, shape (cities, years)
        Joint applications per 10,000 residents.
    rng
        A generator of its own, so that nothing else of the world depends on how many numbers are drawn.
    """
    t = np.arange(intensity.shape[1])[None, :]

    def noise(size: float) -> Matrix:
        drawn: Matrix = rng.normal(0, size, intensity.shape)
        return drawn

    log_grants, effect, noise_of_grants = _grants(dev, intensity, rng)
    capital, labour = _inputs(log_gdp, intensity, rng)
    tfp = log_gdp - 0.5 * np.log(capital) - 0.5 * np.log(labour)
    relative = 1 + 0.02 * dev + 0.01 * t + INTEGRATION / _LEVEL * intensity + noise(0.03)
    outcomes = {
        "capability": log_grants,
        "innovation_gap": gap_to_mean(log_grants),
        "tfp_solow": tfp,
        "integration": _LEVEL * relative,
        "specialisation": 0.40 + 0.04 * np.tanh(dev) + 0.004 * t + SPECIALISATION * intensity + noise(0.02),
    } | {name: 1.5 + 0.2 * dev + 0.02 * t + noise(0.08) for name in FLOWS}
    productivity = log_gdp - noise_of_gdp + SAVED * intensity
    moved = {
        "capability": effect,
        # The mean rises with the cities below it, so the gap moves by a little more than grants do.
        "innovation_gap": gap_to_mean(log_grants - noise_of_grants),
        "tfp_solow": productivity,
        # Data envelopment measures the same productivity, with an error of its own.
        "tfp_malmquist": productivity,
        "integration": INTEGRATION * intensity,
        "specialisation": SPECIALISATION * intensity,
    } | dict.fromkeys(FLOWS, 0 * intensity)
    return Mechanisms(outcomes, np.exp(log_grants), capital, labour, moved)


def _grants(dev: Matrix, intensity: Matrix, rng: np.random.Generator) -> tuple[Matrix, Matrix, Matrix]:
    """Return the log of grants per 10,000 residents, its effect of cooperation, and its noise."""
    t = np.arange(intensity.shape[1])[None, :]
    above = dev > 0.6
    lasting = 0.75 + 0.06 * np.abs(dev) + rng.uniform(0, 0.20, (len(dev), 1))
    effect = np.where(above, GRANTS["above"], GRANTS["below"]) * intensity
    noise = rng.normal(0, 0.04, intensity.shape)
    return np.log(6.0) + 0.12 * t + np.where(above, 1.0, -1.0) * lasting + effect + noise, effect, noise


def gap_to_mean(logs: Matrix) -> Matrix:
    """Return |ln y - ln mean of y| of each year."""
    return np.asarray(np.abs(logs - np.log(np.exp(logs).mean(axis=0))))


def _inputs(log_gdp: Matrix, intensity: Matrix, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Return capital and labour: capital deepens, and cooperation saves both alike."""
    t = np.arange(intensity.shape[1])[None, :]
    count = len(intensity)
    log_capital = log_gdp[:, :1] + np.log(2.2) + 0.11 * t + rng.normal(0, 0.1, (count, 1)) - SAVED * intensity
    deepening = np.log(150_000) + 0.10 * t + rng.normal(0, 0.2, (count, 1)) + rng.normal(0, 0.02, intensity.shape)
    return np.exp(log_capital), np.exp(log_capital - deepening)
