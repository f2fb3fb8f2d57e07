"""The event-study figure."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citypanel.errors import DeclarationError, InputError
from citypanel.exhibits.figures import canvas, draw_figure
from citypanel.exhibits.figures.event_study import event_study
from citypanel.result import Record

needs_chinese = pytest.mark.skipif(canvas.chinese_font() is None, reason="no Noto Sans CJK or Source Han Sans here")


def test_plotted_numbers_are_the_records_with_the_base_period_as_zero(
    event_record: Record, event_exhibit: dict[str, Any], tmp_path: Path
) -> None:
    draw_figure([event_record], event_exhibit, "en", {"csv": tmp_path / "f.csv"})
    rows = list(csv.DictReader(io.StringIO((tmp_path / "f.csv").read_text(encoding="utf-8-sig"))))
    assert [row["time"] for row in rows] == ["-3", "-2", "-1", "0", "1", "2"]
    assert [row["base"] for row in rows].index("True") == 2
    assert (rows[2]["estimate"], rows[2]["ci_low"], rows[2]["se"]) == ("0.0", "", "")
    assert float(rows[0]["estimate"]) == 0.1 * -3
    assert {row["data"] for row in rows} == {"simulated data"}


def test_a_base_period_in_the_curve_is_not_added_again(event_record: Record, event_exhibit: dict[str, Any]) -> None:
    base = {"time": -1, "estimate": 0.0, "se": None, "ci_low": None, "ci_high": None}
    rows = [*event_record.curves["event_study"], base]
    drawing = event_study([replace(event_record, curves={"event_study": rows})], event_exhibit, "en")
    assert [row["time"] for row in drawing.rows] == [-3, -2, -1, 0, 1, 2]
    assert [row["base"] for row in drawing.rows].count(True) == 1


def test_a_gap_after_treatment_is_no_base_period(event_record: Record, event_exhibit: dict[str, Any]) -> None:
    rows = [
        {**row, "time": time} for row, time in zip(event_record.curves["event_study"], (-2, -1, 0, 2, 3), strict=True)
    ]
    drawing = event_study([replace(event_record, curves={"event_study": rows})], event_exhibit, "en")
    assert [row["time"] for row in drawing.rows] == [-2, -1, 0, 2, 3]


def test_tests_of_the_leads_go_by_the_names_of_the_legend(event_record: Record, event_exhibit: dict[str, Any]) -> None:
    first = replace(event_record.columns[0], stats={"pretrend_f": 1.5, "pretrend_p": 0.2})
    second = replace(first, column="2", stats={"pretrend_f": 2.5, "pretrend_p": 0.1})
    rows = [{"column": name, **row} for name in ("1", "2") for row in event_record.curves["event_study"]]
    both = replace(event_record, columns=(first, second), curves={"event_study": rows}, analysis="a")
    labels = {"columns": {"a": [{"en": "East", "zh": "东"}, {"en": "West", "zh": "西"}]}}
    told = " ".join(event_study([both], {**event_exhibit, **labels}, "en").notes)
    assert "East: Joint test of the leads: F = 1.50, p = 0.200; West: Joint test of the leads: F = 2.50" in told


def test_uniform_bands_are_drawn_where_asked_and_said_in_the_note(
    event_record: Record, event_exhibit: dict[str, Any]
) -> None:
    rows = [{**row, "band_low": -1.0, "band_high": 1.0} for row in event_record.curves["event_study"]]
    banded = replace(event_record, curves={"event_study": rows})
    plain, asked = (event_study([banded], {**event_exhibit, "uniform": choice}, "en") for choice in (False, True))
    assert len(asked.figure.axes[0].lines) == len(plain.figure.axes[0].lines) + len(rows)
    assert "grey bars the uniform band" in asked.notes[0]
    assert "grey bars" not in plain.notes[0]


@needs_chinese
def test_pictures_are_written_in_both_languages(
    event_record: Record, event_exhibit: dict[str, Any], tmp_path: Path
) -> None:
    for language in ("en", "zh"):
        paths = {form: tmp_path / f"f_{language}.{form}" for form in ("pdf", "png", "svg", "tex")}
        draw_figure([event_record], event_exhibit, language, paths)
        assert paths["pdf"].read_bytes().startswith(b"%PDF")
        assert paths["png"].read_bytes().startswith(b"\x89PNG")
        assert f"{{f_{language}.pdf}}" in paths["tex"].read_text(encoding="utf-8")
    assert b"CreationDate" not in (tmp_path / "f_en.pdf").read_bytes()


def test_the_note_says_intervals_variance_and_the_test_of_the_leads(
    event_record: Record, event_exhibit: dict[str, Any]
) -> None:
    notes = event_study([event_record], event_exhibit, "en").notes
    assert notes[0] == "Points are estimates, bars 95% confidence intervals; the hollow point is the base period."
    assert notes[1].startswith("Standard errors: clustered by city, 41 clusters")
    assert notes[2] == "Joint test of the leads: F = 1.23, p = 0.346."
    assert "simulated data" in notes[-1]


def test_without_a_chinese_font_the_figure_is_refused_in_one_line(
    event_record: Record, event_exhibit: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canvas, "chinese_font", lambda: None)
    with pytest.raises(
        InputError, match="exhibit 'figure1', language zh: no font with Chinese.*fonts-noto-cjk"
    ) as error:
        draw_figure([event_record], event_exhibit, "zh", {"png": tmp_path / "f.png"})
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_glyph_that_no_font_has_is_refused_rather_than_boxed(
    event_record: Record, event_exhibit: dict[str, Any], tmp_path: Path
) -> None:
    odd = {**event_exhibit, "labels": {"quality": {"en": "Quality \N{CUNEIFORM SIGN A}", "zh": "质量"}}}
    with pytest.raises(InputError, match="no installed font shows \N{CUNEIFORM SIGN A}"):
        draw_figure([event_record], odd, "en", {"png": tmp_path / "f.png"})


def test_a_dollar_in_a_label_is_no_formula(event_record: Record, event_exhibit: dict[str, Any], tmp_path: Path) -> None:
    money = {**event_exhibit, "labels": {"quality": {"en": r"US$ \frac{ $", "zh": "元"}}}
    draw_figure([event_record], money, "en", {"png": tmp_path / "f.png"})
    assert (tmp_path / "f.png").stat().st_size > 0


def test_several_columns_are_several_series(event_record: Record, event_exhibit: dict[str, Any]) -> None:
    rows = [{"column": str(c), **row} for c in (1, 2) for row in event_record.curves["event_study"]]
    two = replace(event_record, curves={"event_study": rows})
    labels = {"columns": {"es": [{"en": "East", "zh": "东部"}, None]}}
    drawing = event_study([two], {**event_exhibit, **labels}, "en")
    legend = drawing.figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["East", "(2)"]
    assert len(drawing.rows) == 12


def test_a_window_shows_its_event_times_only(event_record: Record, event_exhibit: dict[str, Any]) -> None:
    times = [int(row["time"]) for row in event_record.curves["event_study"]]
    drawing = event_study([event_record], {**event_exhibit, "window": [-1, 1]}, "en")
    assert [row["time"] for row in drawing.rows] == [time for time in sorted(times) if -1 <= time <= 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": [7, 9]}, "key 'window': no event time from 7 to 9; there are -"),
        ({"kind": "pie"}, "key 'kind': 'pie' is no figure; allowed: event_study"),
        ({"uniform": True}, "key 'uniform': the record has no uniform band"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    event_record: Record, event_exhibit: dict[str, Any], change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DeclarationError, match=message):
        draw_figure([event_record], {**event_exhibit, **change}, "en", {"png": tmp_path / "f.png"})


def test_an_unknown_format_is_refused(event_record: Record, event_exhibit: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="format 'gif' is unknown; allowed: pdf, png, svg, csv, tex"):
        draw_figure([event_record], event_exhibit, "en", {"gif": tmp_path / "f.gif"})
