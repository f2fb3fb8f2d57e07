"""Indicators: canonical tables to city-year numbers, and the same from a user's own tables."""
