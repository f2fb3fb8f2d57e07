"""The call of the figure rule: records to pictures, their numbers, and a fragment for LaTeX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib import rc_context

from citypanel.canonical import read_origin
from citypanel.errors import DeclarationError, InputError
from citypanel.exhibits.figures.bacon import bacon
from citypanel.exhibits.figures.balance_plot import balance_plot
from citypanel.exhibits.figures.canvas import PICTURES, Drawing, picture, plotted_csv, require_glyphs, settle, style
from citypanel.exhibits.figures.coefficients import coefficients
from citypanel.exhibits.figures.common import is_simulated
from citypanel.exhibits.figures.density import kernel_density
from citypanel.exhibits.figures.event_study import event_study
from citypanel.exhibits.figures.moran_scatter import local_moran, moran_scatter
from citypanel.exhibits.figures.network import network
from citypanel.exhibits.figures.placebo import placebo
from citypanel.exhibits.figures.sensitivity import sensitivity
from citypanel.exhibits.figures.series import series
from citypanel.exhibits.figures.validation import coverage, recovery, size
from citypanel.exhibits.figures.weights_heatmap import weights_heatmap
from citypanel.exhibits.files import write_bytes
from citypanel.exhibits.latex import figure_fragment
from citypanel.exhibits.words import known_language, say
from citypanel.result import Record

Files = str | Path | Sequence[str | Path]
Draw = Callable[[Sequence[Record], Mapping[str, Any], str], Drawing]

KINDS: dict[str, Draw] = {
    "event_study": event_study,
    "series": series,
    "moran_scatter": moran_scatter,
    "local_moran": local_moran,
    "weights_heatmap": weights_heatmap,
    "network": network,
    "placebo": placebo,
    "coefficients": coefficients,
    "kernel_density": kernel_density,
    "balance_plot": balance_plot,
    "bacon": bacon,
    "sensitivity": sensitivity,
    "coverage": coverage,
    "size": size,
    "recovery": recovery,
}
# Kinds that show files and no records.
WITHOUT_RECORDS = ("weights_heatmap", "network")
FORMATS = (*PICTURES, "csv", "tex")


def draw_figure(
    records: Sequence[Record],
    exhibit: Mapping[str, Any],
    language: str,
    paths: Mapping[str, Path],
    files: Mapping[str, Files] | None = None,
) -> None:
    """Draw a figure and write it in the formats that are the keys of `paths`.

    Parameters
    ----------
    records : the records of the exhibit's analyses.
    exhibit : kind, title, labels and the kind's own keys.
    language : `en` or `zh`.
    paths : pdf, png, svg (pictures), csv (the plotted numbers),
        tex (a float that includes the pdf beside it).
    files : what some kinds show besides records: `weights` (matrices with a header of units), `pairs` (adcode_i,
        adcode_j, year, full), `cities` (the register), `panel` (whose cities and origin hold for the figure).

    Raises
    ------
    DeclarationError
        The kind, the language or a format is not known, or the records do not hold what the kind shows.
    InputError
        A label needs glyphs that no installed font has.
    """
    place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}'"
    known_language(language)
    kind = str(exhibit.get("kind"))
    if kind not in KINDS:
        raise DeclarationError(f"{place}, key 'kind': '{kind}' is no figure; allowed: {', '.join(KINDS)}")
    if not records and kind not in WITHOUT_RECORDS:
        raise InputError(f"{place}: no result record was given")
    for form in paths:
        if form not in FORMATS:
            raise DeclarationError(f"{place}: format '{form}' is unknown; allowed: {', '.join(FORMATS)}")
    settings = style(language, place)
    given = {name: _listed(paths) for name, paths in (files or {}).items()}
    simulated = is_simulated(records) or _from_simulated(given)
    exhibit = {**exhibit, "files": given, "simulated": simulated}
    with rc_context(settings):
        drawing = KINDS[kind](records, exhibit, language)
        require_glyphs(drawing.figure, settings["font.family"], place)
        settle(drawing.figure)
    if simulated:
        drawing = replace(drawing, mark=say("simulated", language))
    contents = {path: _content(drawing, form, language, paths) for form, path in sorted(paths.items())}
    for path, content in contents.items():
        write_bytes(Path(path), content)


def _listed(files: Files) -> list[Path]:
    return [Path(files)] if isinstance(files, (str, Path)) else [Path(path) for path in files]


def _from_simulated(files: Mapping[str, Sequence[Path]]) -> bool:
    """Return whether a file was made from simulated data; Parquet files carry that, others do not."""
    return any(read_origin(path).simulated for kind in ("pairs", "panel") for path in files.get(kind, ()))


def _content(drawing: Drawing, form: str, language: str, paths: Mapping[str, Path]) -> bytes:
    if form == "csv":
        return plotted_csv(drawing).encode()
    if form == "tex":
        bracketed = f"{say('open', language)}{drawing.mark}{say('close', language)}" if drawing.mark else ""
        beside = Path(paths.get("pdf", Path(paths["tex"]).with_suffix(".pdf"))).name
        label = "fig:" + Path(paths["tex"]).name.partition(".")[0]
        fragment = figure_fragment(drawing.caption + bracketed, drawing.notes, beside, language=language, label=label)
        return fragment.encode()
    return picture(drawing.figure, form, style(language, ""))
