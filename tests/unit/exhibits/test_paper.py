"""One PDF of a study: numbers as declared, and one line that says what is wrong."""

import shutil
from pathlib import Path

import pytest

from citypanel.errors import InputError
from citypanel.exhibits import paper
from citypanel.exhibits.latex import Fragment, latex_document
from citypanel.exhibits.paper import PaperError, compile_paper, exhibit_numbers

needs_tex = pytest.mark.skipif(
    shutil.which("latexmk") is None or shutil.which("xelatex") is None, reason="latexmk or xelatex is not installed"
)
TITLE = {"en": "A study", "zh": "一项研究"}


def test_exhibits_have_the_numbers_of_their_names() -> None:
    assert exhibit_numbers(["table4", "figure_a1", "figure2", "network", "table_vif", "table10b"]) == {
        "table4": ("table", "4"),
        "figure_a1": ("figure", "A1"),
        "figure2": ("figure", "2"),
        "network": ("", "S1"),
        "table_vif": ("table", "S2"),
        "table10b": ("table", "10B"),
    }


def test_a_number_is_set_before_its_fragment() -> None:
    text = latex_document("T", [Fragment("a.tex", "table", "4"), "b.tex"], "en", simulated=False)
    assert "\\renewcommand{\\thetable}{4}\n\\input{a.tex}" in text
    assert text.count("renewcommand{\\thetable}") == 1


def test_without_latex_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper.shutil, "which", lambda name: None if name == "latexmk" else f"/usr/bin/{name}")
    with pytest.raises(InputError, match=r"paper_en.pdf: latexmk not installed; .*apt install latexmk") as error:
        compile_paper(TITLE, {"table1": tmp_path / "t.tex"}, "en", tmp_path / "paper_en.pdf", simulated=False)
    assert "\n" not in str(error.value)


def test_a_study_without_exhibits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="paper_en.pdf: the study has no exhibit to print"):
        compile_paper(TITLE, {}, "en", tmp_path / "paper_en.pdf", simulated=False)


@pytest.mark.tex
@needs_tex
def test_a_fragment_that_does_not_compile_is_named_by_the_compilers_complaint(tmp_path: Path) -> None:
    (tmp_path / "t.tex").write_text("\\undefinedcommand", encoding="utf-8")
    with pytest.raises(PaperError, match=r"paper.pdf: xelatex stopped: ! Undefined control sequence.") as error:
        compile_paper(TITLE, {"table1": tmp_path / "t.tex"}, "en", tmp_path / "paper.pdf", simulated=False)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "paper.pdf").exists()


@pytest.mark.tex
@needs_tex
def test_a_character_that_the_fonts_lack_is_named_and_no_paper_appears(tmp_path: Path) -> None:
    (tmp_path / "t.tex").write_text("近邻（1\N{RATIO}3）", encoding="utf-8")
    with pytest.raises(PaperError, match="paper.pdf: the fonts of the document have no \N{RATIO}; change the label"):
        compile_paper(TITLE, {"table1": tmp_path / "t.tex"}, "zh", tmp_path / "paper.pdf", simulated=False)
    assert not (tmp_path / "paper.pdf").exists()


@pytest.mark.tex
@needs_tex
def test_equal_fragments_give_equal_pdfs(tmp_path: Path) -> None:
    (tmp_path / "t.tex").write_text("\\begin{table}\\caption{Eins}x\\end{table}", encoding="utf-8")
    for name in ("one", "two"):
        compile_paper(TITLE, {"table4": tmp_path / "t.tex"}, "en", tmp_path / f"{name}.pdf", simulated=True)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
