"""citypanel: from raw patent and customs files to city-year indicators, regressions and tables."""

__version__ = "0.1.0"
