"""Indicators, yearbook and registers in, a study's panel out."""
