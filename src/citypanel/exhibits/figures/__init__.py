"""Figures: one small function per kind over a common canvas. Only these modules import matplotlib."""
