"""One PDF of all exhibits of a study in one language, compiled by latexmk and xelatex."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from citypanel.errors import CitypanelError, InputError
from citypanel.exhibits.files import write_bytes
from citypanel.exhibits.labels import text_of
from citypanel.exhibits.latex import Fragment, latex_document
from citypanel.exhibits.words import known_language

INSTALL = (
    "Debian/Ubuntu: apt install latexmk texlive-xetex texlive-lang-chinese texlive-science texlive-latex-extra "
    "fonts-noto-cjk; macOS: MacTeX; Windows: MiKTeX or TeX Live"
)
_NUMBERED = re.compile(r"^(?:table|figure)_?(?P<number>[a-z]?\d+[a-z]?)$")
_LOST = re.compile(r"^Missing character: There is no (\S+)", re.MULTILINE)
_LOG_LINES = 12
_MINUTES = 10


class PaperError(CitypanelError):
    """The document did not compile."""


def compile_paper(
    title: Mapping[str, str] | str, fragments: Mapping[str, Path], language: str, pdf: Path, *, simulated: bool
) -> None:
    """Compile the fragments of a study's tables and figures to one PDF.

    Parameters
    ----------
    title : the study's title.
    fragments : for each exhibit, in the order of the document, its LaTeX fragment; the picture of a figure stands
        beside its fragment under the same name. An exhibit called `table4` is Table 4, `figure_a1` is Figure A1;
        one without a number in its name is numbered S1, S2, ...
    language : `en` or `zh`.
    pdf : the file to write.

    Raises
    ------
    InputError
        latexmk or xelatex is not installed (the message says how to install them), or there is no exhibit.
    PaperError
        The document does not compile; the message holds the compiler's own complaint.
    """
    known_language(language)
    if not fragments:
        raise InputError(f"{pdf.name}: the study has no exhibit to print")
    require_latex(pdf.name)
    numbers = exhibit_numbers(list(fragments))
    with tempfile.TemporaryDirectory(prefix="citypanel-paper-") as scratch:
        folder = Path(scratch)
        placed = [Fragment(_placed(path, folder), *numbers[name]) for name, path in fragments.items()]
        document = latex_document(text_of(title, language), placed, language, simulated=simulated)
        (folder / "paper.tex").write_text(document, encoding="utf-8")
        _compile(folder, pdf.name)
        _require_glyphs(folder / "paper.log", pdf.name)
        write_bytes(pdf, (folder / "paper.pdf").read_bytes())


def require_latex(place: str) -> None:
    """Raise `InputError` in one line that says what to install, if latexmk or xelatex is absent."""
    absent = [name for name in ("latexmk", "xelatex") if shutil.which(name) is None]
    if absent:
        raise InputError(f"{place}: {' and '.join(absent)} not installed; install TeX Live ({INSTALL})")


def exhibit_numbers(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return for each exhibit its counter (`table` or `figure`) and its number as declared by its name.

    >>> exhibit_numbers(["table4", "figure_a1", "network"])["figure_a1"]
    ('figure', 'A1')
    """
    numbers: dict[str, tuple[str, str]] = {}
    others = 0
    for name in names:
        found = _NUMBERED.match(name)
        if not found:
            others += 1
        number = found["number"].upper() if found else f"S{others}"
        numbers[name] = ("figure" if name.startswith("figure") else "table" if name.startswith("table") else "", number)
    return numbers


def _placed(path: Path, folder: Path) -> str:
    """Copy a fragment and its picture into the folder; return the fragment's name there."""
    shutil.copyfile(path, folder / path.name)
    picture = path.with_suffix(".pdf")
    if picture.is_file():
        shutil.copyfile(picture, folder / picture.name)
    return path.name


def _compile(folder: Path, place: str) -> None:
    command = ["latexmk", "-norc", "-xelatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    fixed = {"SOURCE_DATE_EPOCH": "946684800", "FORCE_SOURCE_DATE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command without input from users
            command,
            cwd=folder,
            env={**os.environ, **fixed},
            capture_output=True,
            timeout=60 * _MINUTES,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PaperError(f"{place}: xelatex did not end within {_MINUTES} minutes") from None
    if done.returncode:
        raise PaperError(f"{place}: xelatex stopped: {_complaint(folder / 'paper.log')}")


def _require_glyphs(log: Path, place: str) -> None:
    """Refuse a document with characters that its fonts lack: TeX leaves them out and says so in the log only."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    lost = list(dict.fromkeys(_LOST.findall(text)))
    if lost:
        raise PaperError(
            f"{place}: the fonts of the document have no {', '.join(lost[:5])}; change the label, title or note with it"
        )


def _complaint(log: Path) -> str:
    """Return the compiler's first complaint with the lines after it, on one line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    first = next((at for at, line in enumerate(lines) if line.startswith("!")), max(len(lines) - _LOG_LINES, 0))
    return " ".join(" ".join(lines[first : first + _LOG_LINES]).split()) or "it left no log"
