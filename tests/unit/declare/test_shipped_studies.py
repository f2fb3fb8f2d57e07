"""The studies that ship are sound, and what a user may spoil in them is refused at start, by study, place and key."""

from pathlib import Path

import pytest

from citypanel.declare.config import parse_config
from citypanel.declare.load import load_study
from citypanel.declare.study import Study
from citypanel.errors import DeclarationError
from citypanel.registers import Registers
from citypanel.sample import STUDIES, own_columns, sample_files

SPOILT = [
    ("quality ~ did | city + year", "quality ~ dod | city + year", "'baseline', column 1: the formula names 'dod'"),
    ("eco + fin + fdi", "eco + finn + fdi", "the formula names 'finn', which the study does not declare; did you mean"),
    ("estimator: imputation", "estimator: imputing", "analysis 'staggered', column 1, key 'estimator' is 'imputing'"),
    ("method: event_study", "method: eventstudy", "key 'analyses.timing.method' is 'eventstudy'"),
    ("kind: placebo", "kind: placebos", "'kind' must be one of"),
    ("vcov: {cluster: city}", "vcov: {cluster: town}", "vcov 'cluster:town' names 'town'"),
    ("analysis: timing", "analysis: timming", "exhibit 'figure1': analysis 'timming' is unknown; did you mean"),
    ("zh: 平行趋势检验", "fr: Tendances", "key 'exhibits.figure1.title"),
    ("by: developed,", "by: develloped,", "key 'split': by names 'develloped'"),
    ("at: 2010", "at: 2009", "variable 'developed', key 'at': 2009 is no year of the sample; allowed: 2010 to 2021"),
    ("years: [2012, 2014]", "years: [2014, 2012]", "the first of years comes after the last"),
    ("treated: pilot,", "treated: pilots,", "option 'treated' names 'pilots'"),
    ("policy: smart_city", "policy: smart_town", "variable 'did': policy 'smart_town' is unknown"),
    ("column: ruggedness", "column: rugged", "column 'rugged' is unknown; did you mean 'ruggedness'"),
    ("tertiary_employment_wan / population_wan", "tertiary_staff / population_wan", "variable 'ia': the formula names"),
    ("variable: quality\n", "variable: eco\n", "variable 'eco' is none of source quality or sophistication"),
    ("cities.csv", "towns.csv", "key 'sample.cities.file'"),
]  # fmt: skip


def loaded(folder: Path) -> Study:
    return load_study(
        folder,
        Registers(),
        policies=lambda name, _study: [Path(file).stem for file in sample_files("tiny", name) if "policies/" in file],
        columns=lambda name, _study: own_columns(name),
    )


@pytest.mark.parametrize("name", STUDIES)
def test_a_shipped_study_is_sound_and_speaks_both_languages_of_its_readme(name: str, project: Path) -> None:
    folder = project / "studies" / name
    if not (folder / "study.yaml").is_file():
        pytest.skip("the study is not declared yet")
    assert loaded(folder).exhibits
    assert "中文" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("old", "new", "expected"), SPOILT, ids=[new for _, new, _ in SPOILT])
def test_a_spoilt_declaration_is_refused_in_one_line(
    old: str, new: str, expected: str, project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "smart_city"
    folder.mkdir()
    shipped = project / "studies" / "smart_city"
    text = (shipped / "study.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "study.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    (folder / "cities.csv").write_bytes((shipped / "cities.csv").read_bytes())
    (folder / "published").symlink_to(shipped / "published")
    with pytest.raises(DeclarationError) as fault:
        loaded(folder)
    message = str(fault.value)
    assert expected in message
    assert message.startswith("study smart_city")
    assert "\n" not in message


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(DeclarationError, match="languages.*'fr'.*en.*zh"):
        parse_config({"studies": "smart_city", "languages": ["en", "fr"]})
