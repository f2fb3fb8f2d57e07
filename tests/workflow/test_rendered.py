"""Word and HTML files as readers see them: LibreOffice and Chromium print pages, and the pages are read."""

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

# One table of each shape: coefficients, moments, correlations, a panel of periods, spatial models.
SHOWN = ("table2", "table3", "table4", "table7", "table9")
SAID = {"en": ("Simulated", "Innovation cooperation"), "zh": ("模拟", "创新合作")}


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in (*programs, "pdftotext") if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


def text_of(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    return done.stdout


def plain(text: str) -> str:
    return text.replace("−", "-")


def shown_in(pages: str, folder: Path, name: str, language: str) -> None:
    """Check that the pages hold the language's words, and the numbers that the CSV beside says were printed."""
    if name != "table7":  # its rows are years
        assert any(word in pages for word in SAID[language]), pages[:500]
    assert "�" not in pages
    found = set(re.findall(r"-?\d+\.\d+", plain(pages)))
    with (folder / f"{name}_{language}.csv").open(encoding="utf-8-sig", newline="") as stream:
        printed = [plain(row["printed"]) for row in csv.DictReader(stream)]
    wanted = {number for text in printed for number in re.findall(r"-?\d+\.\d+", text)}
    assert len(wanted) > 5
    assert wanted <= found, sorted(wanted - found)[:5]


@needs("soffice")
def test_word_files_show_every_number_in_both_languages(finished, tmp_path) -> None:
    folder = finished.root / "results" / "yrd_cooperation" / "tables"
    files = [folder / f"{name}_{language}.docx" for name in SHOWN for language in SAID]
    home = f"-env:UserInstallation=file://{tmp_path / 'office'}"
    command = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), *map(str, files)]
    subprocess.run(command, capture_output=True, check=True, timeout=300)
    for file in files:
        name, language = file.stem.rsplit("_", 1)
        shown_in(text_of(tmp_path / f"{file.stem}.pdf"), folder, name, language)


@needs("chromium")
def test_pages_show_every_number_in_both_languages(finished, tmp_path) -> None:
    folder = finished.root / "results" / "yrd_cooperation" / "tables"
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    for name in SHOWN:
        for language in SAID:
            pdf = tmp_path / f"{name}_{language}.pdf"
            page = (folder / f"{name}_{language}.html").as_uri()
            command = ["chromium", "--headless", "--no-sandbox", *quiet, "--disable-component-update"]
            place = [f"--user-data-dir={tmp_path / 'browser'}", "--no-pdf-header-footer", f"--print-to-pdf={pdf}"]
            subprocess.run([*command, *place, page], capture_output=True, check=True, timeout=120)
            shown_in(text_of(pdf), folder, name, language)
