"""Figures: one small function per kind over a common canvas. Only these modules import matplotlib."""

from citypanel.exhibits.figures.draw import draw_figure

__all__ = ["draw_figure"]
