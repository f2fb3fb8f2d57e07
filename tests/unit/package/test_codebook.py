"""The codebook describes the data as they are, and a later change of the data is told."""

import pandas as pd
import pytest

from citypanel.canonical import Origin, write_frame
from citypanel.package.codebook import Meanings, describe, disagreements

REGISTER = (
    "file,column,unit,meaning_en,meaning_zh\nresults/*,value,US$,value of exports,出口金额\n*,area,,customs area,关区\n"
)


@pytest.fixture
def meanings(tmp_path):
    path = tmp_path / "codebook.csv"
    path.write_text(REGISTER, encoding="utf-8")
    return Meanings(path, {}, pd.DataFrame({"variable": [], "unit": []}))


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
