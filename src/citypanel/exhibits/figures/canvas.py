"""What all figures share: a grey-safe style, fonts that hold every glyph, files with stable bytes."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import font_manager, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from citypanel.errors import InputError
from citypanel.exhibits.csv_ import safe
from citypanel.exhibits.words import say

# Matplotlib before 3.11 reads only the first, Japanese, face of a collection; its glyphs cover Chinese too.
CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "Noto Sans CJK JP",
    "Source Han Sans",
)
LATIN_FONT = "DejaVu Sans"  # shipped with matplotlib: the same letters on every machine
MARKERS = ("o", "s", "^", "D", "v", "P")
GREYS = ("#000000", "#6e6e6e", "#a0a0a0")
DOTS_PER_INCH = 200

Settings = dict[Any, Any]  # matplotlib types the keys as some 300 literals

STYLE: Settings = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 10,
    "legend.frameon": False,
    "pdf.fonttype": 3,  # 42 embeds OpenType fonts under a type that readers complain of
    "savefig.dpi": DOTS_PER_INCH,
    "text.parse_math": False,  # a dollar in a label is a dollar
    "svg.hashsalt": "citypanel",
    "svg.fonttype": "path",
}
_BLANK: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}
PICTURES = tuple(_BLANK)

PlottedRow = Mapping[str, float | int | str | bool | None]


@dataclass(frozen=True)
class Drawing:
    """A figure before it is a file: the picture, the numbers it shows, the notes below it."""

    figure: Figure
    rows: Sequence[PlottedRow]
    notes: tuple[str, ...]
    caption: str
    mark: str = ""


def style(language: str, place: str) -> Settings:
    """Return the settings of a language; for Chinese a font with its glyphs comes first.

    Raises
    ------
    InputError
        Chinese is asked for and no such font is installed; the message says which to install.
    """
    found = chinese_font()
    if language == "zh" and found is None:
        raise InputError(
            f"{place}, language zh: no font with Chinese glyphs is installed; looked for "
            f"{', '.join(CHINESE_FONTS)}; install one "
            "(Debian/Ubuntu: fonts-noto-cjk; macOS: brew install --cask font-noto-sans-cjk)"
        )
    families = [found, LATIN_FONT] if language == "zh" else [LATIN_FONT, found]
    return {**STYLE, "font.family": [family for family in families if family]}


def chinese_font() -> str | None:
    """Return the name of the first installed font of `CHINESE_FONTS`, or None."""
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    if not installed & set(CHINESE_FONTS):
        _look_again()
        installed = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in installed), None)


def _look_again() -> None:
    """Add fonts that were installed after matplotlib wrote its list of fonts."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    wanted = ("notosanscjk", "notosanssc", "sourcehansans")
    for path in sorted(font_manager.findSystemFonts()):
        if path not in known and path.replace("\\", "/").rsplit("/", 1)[-1].lower().startswith(wanted):
            font_manager.fontManager.addfont(path)


def canvas(width: float = 6.3, height: float = 3.9) -> tuple[Figure, Axes]:
    """Return an empty figure, in inches, and its axes."""
    figure = Figure(figsize=(width, height))
    return figure, figure.add_subplot()


def mark_simulated(axes: Axes, language: str) -> None:
    """Write into the picture that its data are simulated."""
    axes.set_title(say("simulated", language), loc="right", fontsize=9, fontweight="normal", color="#404040")


def require_glyphs(figure: Figure, families: Sequence[str], place: str) -> None:
    """Raise `InputError` if a character of the figure is in no font: an empty box would be printed."""
    properties = [font_manager.FontProperties(family=[family]) for family in families]
    maps = [font_manager.get_font(font_manager.findfont(item)).get_charmap() for item in properties]
    texts = [artist.get_text() for artist in figure.findobj(Text)]
    missing = sorted({c for text in texts for c in text if not c.isspace() and all(ord(c) not in m for m in maps)})
    if missing:
        raise InputError(
            f"{place}: no installed font shows {', '.join(missing[:5])}; install Noto Sans CJK "
            "(Debian/Ubuntu: fonts-noto-cjk) or change the label"
        )


def settle(figure: Figure) -> None:
    """Lay the figure out and keep that: a layout made anew at each saving drifts from format to format."""
    for _ in range(3):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")


def picture(figure: Figure, form: str, settings: Settings) -> bytes:
    """Return the figure as pdf, png or svg without dates or names of programs: equal figures, equal bytes."""
    target = io.BytesIO()
    with rc_context(settings):
        figure.savefig(target, format=form, metadata=_BLANK[form], dpi=DOTS_PER_INCH)
    return target.getvalue()


def plotted_csv(drawing: Drawing) -> str:
    """Return the plotted numbers as CSV, full precision, a missing number empty."""
    target = io.StringIO()
    names = list(dict.fromkeys(name for row in drawing.rows for name in row))
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([*names, "data"])
    for row in drawing.rows:
        writer.writerow([*(_plain(row.get(name)) for name in names), drawing.mark])
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + target.getvalue()


def _plain(value: float | str | bool | None) -> str:  # noqa: FBT001 - any cell of a row
    if value is None:
        return ""
    return safe(value) if isinstance(value, str) else repr(value)
