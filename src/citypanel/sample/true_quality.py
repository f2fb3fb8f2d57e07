"""True quality of cities in the paper's metric: scaled to 0-1 within product and year, averaged by export value."""

from dataclasses import dataclass, field

import numpy as np

from citypanel.arrays import Codes, Matrix
from citypanel.sample.demand import Flows


@dataclass
class TrueQuality:
    """Adds flows up block by block; everything the scaled means need fits into cities x products x years.

    The scale of a product and year runs from its lowest to its highest true ln quality over all flows.
    """

    cities: int
    products: int
    years: int
    value: np.ndarray = field(init=False)
    weighted: np.ndarray = field(init=False)
    lowest: Matrix = field(init=False)
    highest: Matrix = field(init=False)

    def __post_init__(self) -> None:
        """Start from nothing."""
        shape = (self.cities, self.products, self.years)
        self.value, self.weighted = np.zeros(shape), np.zeros(shape)
        self.lowest = np.full(shape[1:], np.inf)
        self.highest = np.full(shape[1:], -np.inf)

    def add(self, year: int, city: Codes, product: Codes, found: Flows) -> None:
        """Add flows of the year at a position."""
        cell = city * self.products + product
        size = self.cities * self.products
        shape = (self.cities, self.products)
        self.value[:, :, year] += np.bincount(cell, found.value, size).reshape(shape)
        self.weighted[:, :, year] += np.bincount(cell, found.value * found.log_quality, size).reshape(shape)
        np.minimum.at(self.lowest[:, year], product, found.log_quality)
        np.maximum.at(self.highest[:, year], product, found.log_quality)

    def of_cities(self) -> Matrix:
        """Return the true quality of each city and year; nan without flows of a product that varies."""
        return self._mean(self.weighted - self.value * np.nan_to_num(self.lowest, posinf=0.0))

    def of_shift(self, shift: Matrix) -> Matrix:
        """Return what a shift of ln quality (cities x years) adds to true quality, scales and weights as they are."""
        return self._mean(self.value * shift[:, None, :])

    def _mean(self, weighted: np.ndarray) -> Matrix:
        span = np.where(self.highest > self.lowest, self.highest - self.lowest, np.nan)
        counts = np.isfinite(span)[None]
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.nansum(weighted / span, axis=1)
            result: Matrix = part / (self.value * counts).sum(axis=1)
        return result
