"""The codebook describes the data as they are, and a later change of the data is told."""

import pandas as pd
import pytest

from citypanel.canonical import Origin, write_frame
from citypanel.declare.study import Study
from citypanel.declare.yaml import read_yaml
from citypanel.errors import InputError
from citypanel.package.codebook import Meanings, describe, disagreements

REGISTER = (
    "file,column,unit,meaning_en,meaning_zh\nresults/*,value,US$,value of exports,出口金额\n*,area,,customs area,关区\n"
)


@pytest.fixture
def meanings(tmp_path):
    (tmp_path / "codebook.csv").write_text(REGISTER, encoding="utf-8")
    (tmp_path / "unit_names.csv").write_text("unit_en,unit_zh\nUS$,美元\n", encoding="utf-8")
    return Meanings(tmp_path, {}, pd.DataFrame({"variable": [], "unit": []}))


def schema(path, meanings):
    return {"fields": [field.schema() for field in describe(path, f"results/{path.name}", meanings)]}


def test_types_ranges_levels_and_missing_values_come_from_the_data(tmp_path, meanings) -> None:
    path = tmp_path / "x.csv"
    path.write_text("area,year,value,flag,note\n0101,2011,1.5,True,a\n3223,2012,,False,\n", encoding="utf-8-sig")
    area, year, value, flag, note = schema(path, meanings)["fields"]
    # A leading zero makes a code: a text, never the number 101.
    assert (area["type"], area["constraints"]["enum"]) == ("string", ["0101", "3223"])
    assert year == {
        "name": "year",
        "type": "integer",
        "constraints": {"required": True, "minimum": 2011, "maximum": 2012},
    }
    assert value["type"] == "number"
    assert value["constraints"] == {"minimum": 1.5, "maximum": 1.5}
    assert (value["description"], value["unit"]) == ("value of exports", "US$")
    assert flag["type"] == "boolean"
    assert "required" not in note["constraints"]


def test_a_description_agrees_with_the_file_it_was_made_from(tmp_path, meanings) -> None:
    frame = pd.DataFrame({"adcode": pd.array([1, None], dtype="Int64"), "value": [1.0, 2.0], "kind": ["a", "b"]})
    write_frame(frame, tmp_path / "x.parquet", origin=Origin())
    assert disagreements(tmp_path / "x.parquet", schema(tmp_path / "x.parquet", meanings)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year,kind\n2013,a\n", "column 'year' runs from 2013 to 2013; described: 2011 to 2012"),
        ("year,kind\n2011,c\n", "column 'kind' holds 'c', which is no level of its description"),
        ("year,kind\n,a\n2011,b\n", "column 'year' has 1 missing values; described as having none"),
        ("year,kind\nx,a\n", "column 'year' is of type string; described as integer"),
        ("kind,year\na,2011\n", "columns are kind, year; described are year, kind"),
    ],
)
def test_data_that_changed_after_their_description_are_told(tmp_path, meanings, text, message) -> None:
    path = tmp_path / "x.csv"
    path.write_text("year,kind\n2011,a\n2012,b\n", encoding="utf-8")
    described = schema(path, meanings)
    path.write_text(text, encoding="utf-8")
    assert disagreements(path, described) == [message]


def test_what_a_reader_would_miss_is_named(tmp_path, meanings) -> None:
    path = tmp_path / "x.csv"
    path.write_text("area,value,count\n0101,1.5,1\n", encoding="utf-8")
    area, value, count = describe(path, "results/x.csv", meanings, "scripts/a.py")
    assert area.lacks() == value.lacks() == []
    assert (value.meaning.unit.zh, value.source) == ("美元", "scripts/a.py")
    assert count.lacks() == ["meaning", "unit"]
    assert describe(path, "results/x.csv", meanings)[0].lacks() == ["source"]


def test_a_unit_without_a_name_in_the_other_language_is_refused(tmp_path, meanings) -> None:
    (tmp_path / "codebook.csv").write_text(REGISTER.replace("US$", "pounds"), encoding="utf-8")
    other = Meanings(tmp_path, {}, pd.DataFrame({"variable": [], "unit": []}))
    with pytest.raises(InputError, match="unit 'pounds' is not in registers/unit_names.csv"):
        other.of("results/x.csv", "value")


@pytest.mark.parametrize("study", ["yrd_cooperation", "smart_city", "ip_model_city", "collaborative_gap"])
def test_every_variable_of_the_studies_has_meaning_unit_and_source_in_both_languages(project, study) -> None:
    declared = Study.model_validate(read_yaml(project / "studies" / study / "study.yaml"))
    meanings = Meanings(project / "registers", {study: declared})
    for name, variable in declared.variables.items():
        meaning = meanings.of(f"data/{study}.csv", name)
        assert meaning.text.en.startswith(variable.label.en)
        assert meaning.text.zh.startswith(variable.label.zh)
        assert meaning.unit.en
        assert meaning.unit.zh
        assert meaning.source
    for key in ("city", "year", "province"):
        assert meanings.of(f"data/{study}.csv", key).unit is not None


def test_units_of_variables_come_through_their_transforms(project) -> None:
    declared = Study.model_validate(read_yaml(project / "studies" / "yrd_cooperation" / "study.yaml"))
    meanings = Meanings(project / "registers", {"yrd_cooperation": declared})
    units = {
        name: meanings.of("data/yrd_cooperation.csv", name).unit for name in ("gdp", "inno", "within", "open", "human")
    }
    assert units["gdp"].en == "log of 10,000 yuan"
    assert units["gdp"].zh == "万元的对数"
    assert units["inno"].en == "log of 1 + count"
    assert units["within"].en == "patents"
    assert units["open"].en == "by the formula"
    assert units["human"].zh == "公式值的对数"
