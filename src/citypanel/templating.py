"""Where the templates of pages, tables and documents are."""

from pathlib import Path
from typing import Any

import jinja2

_PLACES = (
    Path(__file__).resolve().parent / "templates",  # inside an installed package
    Path(__file__).resolve().parents[2] / "templates",  # in a checkout
)


def template_folder() -> Path:
    """Return the folder of the templates."""
    for place in _PLACES:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"templates: no folder {' nor '.join(map(str, _PLACES))}")


def environment(**options: Any) -> jinja2.Environment:
    """Return an environment in which an unknown name is an error and lines are kept as written."""
    return jinja2.Environment(  # noqa: S701 - each caller states its own escaping
        loader=jinja2.FileSystemLoader(template_folder()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
