"""Rules of the standard are answered from what is in the package: each check fails where its fact is not there."""

from types import SimpleNamespace

import pytest
from test_gate import source

from citypanel.declare.text import Text
from citypanel.package import standard_checks as checks
from citypanel.package.codebook import Field, Meaning
from citypanel.package.datasets import MADE, NO, YES, Dataset, kind_of
from citypanel.package.programs import Program
from citypanel.package.refusals import Refusal

SEEN = source("yearbook", "yearbook", "values")
RECALLED = SEEN.model_copy(
    update={"source": "customs", "feeds": "customs", "citation": "customs", "standing": "recalled"}
)
TOLD = {language: f"x {SEEN.licence} {SEEN.contact}\n## {head}\n\n{SEEN.citation}\n" for language, head in
        (("en", "References"), ("zh", "参考文献"))}  # fmt: skip


def facts(*sources, provided=YES, refusals=()):
    rows = [Dataset(f"raw/{item.feeds}/a.csv", kind_of("raw"), (item,), provided, "aa") for item in sources]
    return SimpleNamespace(
        datasets=rows,
        contents=SimpleNamespace(refusals=list(refusals)),
        deposit=SimpleNamespace(references=("one",)),
        programs=[Program("scripts/a.py", 1, "rules/a.smk", Text(en="a", zh="a"), 1, True)],
        run=SimpleNamespace(studies={"mine": None}),
    )


def test_a_source_that_the_readme_does_not_tell_of_fails_the_first_rule() -> None:
    assert checks._availability(facts(SEEN), TOLD).status == "pass"
    found = checks._availability(facts(SEEN), {**TOLD, "zh": "x"})
    assert found.status == "fail"
    assert "README.zh.md does not tell of yearbook: licence" in found.found_en


def test_raw_data_are_provided_made_or_refused_with_a_reason() -> None:
    assert checks._raw(facts(SEEN)).status == "pass"
    assert checks._raw(facts(SEEN, provided=MADE)).found_en == "1 files: 0 provided, 1 made by the code"
    told = Refusal("raw/yearbook/a.csv", "rows", "x", "x")
    assert checks._raw(facts(SEEN, provided=NO, refusals=[told])).status == "explained"
    silent = checks._raw(facts(SEEN, provided=NO))
    assert silent.status == "fail"
    assert "raw/yearbook/a.csv is neither provided nor refused" in silent.found_en


def test_facts_that_are_recalled_fail_until_they_are_confirmed() -> None:
    assert checks._confirmed(facts(SEEN.model_copy(update={"standing": "seen"}))).status == "pass"
    found = checks._confirmed(facts(SEEN, RECALLED))
    assert (found.status, found.found_en) == ("fail", "customs: as known to the authors of the code")
    assert "sources.csv of the raw folder" in found.remedy_en


def test_a_closed_format_and_a_missing_panel_or_program_are_named(tmp_path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.csv").write_text("x")
    assert checks._format(tmp_path).status == "pass"
    (tmp_path / "results" / "a.sav").write_text("x")
    assert "results/a.sav" in checks._format(tmp_path).found_en
    assert "data/mine.csv; results/mine/panel.parquet" in checks._analysis(facts(SEEN), tmp_path).found_en
    missing = checks._programs(facts(SEEN), tmp_path, "7 Data transformation", ("Programs", "程序"))
    assert missing.found_en == "scripts/a.py; rules/a.smk"
    # What makes data is not asked for among the programs of the analysis.
    assert checks._programs(facts(SEEN), tmp_path, "8 Analysis", ("Programs", "程序")).status == "pass"


@pytest.mark.parametrize(
    ("meaning", "status"),
    [
        (Meaning(Text(en="a", zh="一"), Text(en="1", zh="1")), "pass"),
        (Meaning(Text(en="a", zh="一")), "fail"),
        (None, "fail"),
    ],
)
def test_a_column_without_meaning_or_unit_fails(meaning, status) -> None:
    described = {"data/mine.csv": [Field("a", "number", 0, meaning, source="x")]}
    assert checks._metadata(described, []).status == status
    assert checks._metadata(described, ["data/mine.csv: column 'a' is gone"]).status == "fail"


def test_a_source_that_is_not_in_the_references_fails() -> None:
    assert checks._citation(facts(SEEN), TOLD).status == "pass"
    assert "README.md: customs" in checks._citation(facts(SEEN, RECALLED), TOLD).found_en


def test_seeds_of_records_are_found_at_any_depth() -> None:
    record = {"seed": None, "columns": [{"stats": {"sup_t_seed": 7, "seeded": 9}}], "curves": {"a": [{"seed": 3}]}}
    assert checks._seeds_in(record) == {3, 7}
