import copy
import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from citypanel.declare.coherence import check_study
from citypanel.declare.complaints import complaints
from citypanel.declare.config import parse_config
from citypanel.declare.schema import SCHEMAS, schema_text
from citypanel.declare.slices import (
    analysis_slice,
    exhibit_slice,
    indicator_variants,
    panel_slice,
    specifications,
    study_tables,
)
from citypanel.declare.study import Study
from citypanel.declare.yaml import read_yaml
from citypanel.errors import DeclarationError

TEXT = {"en": "a", "zh": "甲"}
MINIMAL = {
    "title": TEXT,
    "sample": {"cities": {"adcodes": [310000]}, "years": [2011, 2012]},
    "variables": {
        "quality": {"source": "sophistication", "level": "hs2", "transform": "log", "label": TEXT},
        "inno": {"source": "cooperation", "count": "joint_inventions", "transform": "log1p", "label": TEXT},
        "open": {"formula": "fdi_usd_wan / gdp_wan", "label": TEXT},
    },
    "macros": {"controls": "open"},
    "analyses": {"baseline": {"columns": ["quality ~ inno + ..controls | city + year"], "vcov": {"cluster": "city"}}},
    "exhibits": {"table4": {"kind": "regression", "analysis": "baseline", "title": TEXT}},
}
SOURCES = ("fdi_usd_wan", "gdp_wan")


def study(**changes: object) -> Study:
    document = copy.deepcopy(MINIMAL)
    document.update(changes)
    return Study.model_validate(document)


def fault(document: dict) -> str:
    """Return the one line that a wrong declaration leads to."""
    try:
        made = Study.model_validate(document)
        check_study(made, "s", sources=SOURCES)
    except ValidationError as error:
        return complaints(error, Study, "study s")[0]
    except DeclarationError as error:
        return str(error)
    raise AssertionError("the declaration was accepted")


def changed(*path: object, value: object) -> dict:
    document = copy.deepcopy(MINIMAL)
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return document


def test_a_sound_study_passes() -> None:
    check_study(study(), "s", sources=SOURCES)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (changed("colour", value=1), "study s, key 'colour' is unknown"),
        (changed("analyses", "baseline", "vcovs", value="iid"), "did you mean 'vcov'"),
        (changed("variables", "inno", "cuont", value="joint"), "did you mean 'count'"),
        (changed("variables", "inno", "count", value="joints"), "allowed: 'joint_inventions'"),
        (
            changed("variables", "inno", value={"source": "patents", "label": TEXT}),
            "a 'source' out of yearbook",
        ),
        (
            changed("variables", "inno", "label", value={"en": "a"}),
            "key 'variables.inno.label.zh' is missing",
        ),
        (changed("sample", "years", value=[2012, 2011]), "the first year comes after the last"),
        (changed("analyses", "baseline", "method", value="ols"), "allowed: 'linear'"),
        (changed("analyses", "baseline", "vcov", value="robust"), "key 'analyses.baseline.vcov' is 'robust'"),
        (
            changed("analyses", "baseline", "vcov", value={"cluster": "firm"}),
            "vcov 'cluster:firm' names 'firm'",
        ),
        (changed("analyses", "baseline", "columns", value=["quality ~ innos"]), "did you mean 'inno'"),
        (changed("analyses", "baseline", "columns", value=["quality ~ exec(x)"]), "'exec' is not a function"),
        (
            changed("analyses", "baseline", "options", value={"ssc": "stata"}),
            "key 'ssc' is 'stata'; allowed:",
        ),
        (
            changed("variables", "open", "formula", value="fdi / gdp_wan"),
            "'fdi', which the study does not declare",
        ),
        (changed("variables", "open", "formula", value="open + 1"), "names 'open'"),
        (changed("exhibits", "table4", "analysis", value="base"), "did you mean 'baseline'"),
        (changed("exhibits", "table4", "kind", value="tabel"), "'kind' must be one of regression"),
    ],
)
def test_every_error_names_study_key_value_and_what_is_allowed(document: dict, expected: str) -> None:
    line = fault(document)
    assert expected in line
    assert line.startswith("study s")
    assert "\n" not in line


def test_formulas_that_lead_back_to_themselves_are_refused() -> None:
    variables = {
        **MINIMAL["variables"],
        "a": {"formula": "b + 1", "label": TEXT},
        "b": {"formula": "a + 1", "label": TEXT},
    }
    assert "leads back to itself (a <- b <- a)" in fault({**MINIMAL, "variables": variables})


def test_an_analysis_sees_its_own_columns_with_macros_filled_in() -> None:
    made = study()
    columns = analysis_slice(made, "s", "baseline")["columns"]
    assert columns[0]["formula"] == "quality ~ inno + open | city + year"
    (specification,) = specifications(analysis_slice(made, "s", "baseline"))
    assert specification.vcov == "cluster:city"
    assert specification.unit == "city"


GROUPS = {1: {"en": "open", "zh": "开放"}, 0: {"en": "closed", "zh": "不开放"}}


def split_study(**split: object) -> dict:
    return changed("analyses", "baseline", "split", value={"by": "open", "groups": GROUPS, **split})


def test_a_split_column_becomes_one_column_for_each_group_the_last_with_the_test() -> None:
    document = split_study()
    document["analyses"]["baseline"]["where"] = "year >= 2012"
    made = Study.model_validate(document)
    check_study(made, "s", sources=SOURCES)
    first, last = specifications(analysis_slice(made, "s", "baseline"))
    assert (first.where, last.where) == ('year >= 2012 and open == "1"', 'year >= 2012 and open == "0"')
    assert (first.group.tested, last.group.tested) == (False, True)
    assert last.group.where == "year >= 2012"
    assert exhibit_slice(made, "s", "table4")["columns"]["baseline"] == [GROUPS[1], GROUPS[0]]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (split_study(by="opne"), "key 'split': by names 'opne', which the study does not declare; did you mean 'open'"),
        (split_study(term="opn"), "key 'split': term 'opn' is no regressor; did you mean 'open'"),
        (split_study(groups={1: TEXT}), "key 'analyses.baseline.split.groups'"),
        (split_study(groups={1: TEXT, 0: {"en": "a"}}), "key 'analyses.baseline.split.groups.0.zh' is missing"),
    ],
)
def test_a_wrong_split_is_named(document: dict, expected: str) -> None:
    assert expected in fault(document)


def test_the_caution_of_an_indicator_goes_to_the_exhibits_that_show_it() -> None:
    document = copy.deepcopy(MINIMAL)
    document["variables"]["gap"] = {"source": "disparity", "form": "frontier", "label": TEXT}
    assert "cautions" not in exhibit_slice(Study.model_validate(document), "s", "table4")
    document["analyses"]["baseline"]["columns"] = ["gap ~ inno + ..controls | city + year", "log(gap) ~ inno"]
    (caution,) = exhibit_slice(Study.model_validate(document), "s", "table4")["cautions"]
    assert "it tells of growth and not of gaps" in caution["en"]


def test_a_split_belongs_to_least_squares() -> None:
    document = split_study()
    document["analyses"]["baseline"] |= {"method": "quantile"}
    assert "it compares least squares" in fault(document)


def test_labels_and_titles_are_in_no_slice_but_the_exhibits() -> None:
    relabelled = study(title={"en": "b", "zh": "乙"})
    document = copy.deepcopy(MINIMAL)
    document["variables"]["inno"]["label"] = {"en": "b", "zh": "乙"}
    other = Study.model_validate(document)
    assert panel_slice(study()) == panel_slice(relabelled) == panel_slice(other)
    assert analysis_slice(study(), "s", "baseline") == analysis_slice(other, "s", "baseline")
    assert exhibit_slice(study(), "s", "table4") != exhibit_slice(other, "s", "table4")


def test_slices_are_plain_data() -> None:
    made = study()
    for part in (
        panel_slice(made),
        analysis_slice(made, "s", "baseline"),
        exhibit_slice(made, "s", "table4"),
    ):
        assert json.loads(json.dumps(part)) == part


def test_indicators_of_the_same_options_are_shared() -> None:
    twice = copy.deepcopy(MINIMAL)
    twice["variables"]["tech"] = {**MINIMAL["variables"]["quality"], "transform": "none"}
    assert list(indicator_variants([Study.model_validate(twice), study()])) == [
        ("cooperation", "invention"),
        ("sophistication", "hs2"),
    ]
    assert study_tables(study()) == ("patents", "exports", "world_trade", "city_year")


def test_schemas_are_those_of_the_models(project: Path) -> None:
    for name, model in SCHEMAS.items():
        committed = (project / "docs" / "schemas" / name).read_text(encoding="utf-8")
        assert committed == schema_text(model), "run: python -m citypanel.declare.schema docs/schemas"


def test_shipped_declarations_validate_against_the_committed_schemas(project: Path) -> None:
    import jsonschema

    pairs = [("config.schema.json", project / "config.yaml")]
    pairs += [("study.schema.json", path) for path in sorted(project.glob("studies/*/study.yaml"))]
    for name, path in pairs:
        schema = json.loads((project / "docs" / "schemas" / name).read_text(encoding="utf-8"))
        jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", "line 2: key 'a' is given twice"),
        ("a: [1\n", "line 2"),
        ("a: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
        ("- 1\n", "a mapping of keys is expected, found list"),
    ],
)
def test_yaml_faults_name_file_and_line(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match="study.yaml") as caught:
        read_yaml(tmp_path / "study.yaml")
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"studies": []}, "key 'studies'"),
        ({"studies": ["a"], "languages": ["fr"]}, "allowed: 'en' or 'zh'"),
        ({"studies": ["a"], "sample": {"preset": "huge"}}, "allowed: 'tiny', 'default' or 'full'"),
        ({"studies": ["a"], "smaple": {}}, "did you mean 'sample'"),
    ],
)
def test_configuration_faults_name_the_key(document: dict, expected: str) -> None:
    with pytest.raises(DeclarationError, match="config.yaml") as caught:
        parse_config(document)
    assert expected in str(caught.value)
