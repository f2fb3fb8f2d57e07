"""Documents of a package: no placeholder passes, and the metadata hold what their specifications require."""

import json

import pytest
import yaml

from citypanel.errors import InputError
from citypanel.package.archive import Entry
from citypanel.package.exhibit_list import ExhibitFile
from citypanel.package.metadata import Deposit, citation_cff, codecheck, date_of, ro_crate
from citypanel.package.readme import refuse_placeholders
from citypanel.package.standard_checks import SECTIONS, fault_of

DEPOSIT = Deposit("A title", "What it is.", ("Li, Wei",), "2026-11-22", "0.1.0", "CC-BY-4.0", "MIT", ("A reference.",))
CODE = {
    "title": "code",
    "version": "0.1.0",
    "license": "MIT",
    "authors": [{"name": "X"}],
    "date-released": "2026-11-22",
}
EXHIBIT = ExhibitFile(
    "table1", "scripts/render_table.py", 20, "results/s/tables/table1_en.csv", "s", "f", 1, "a", "2", "e", 1, "yes"
)


@pytest.mark.parametrize(
    "text", ["TODO", "see [INSERT DOI]", "contact <your email>", "???", "{{ x }}", "待补", "FIXME later"]
)
def test_a_placeholder_is_refused_with_its_line(text) -> None:
    with pytest.raises(
        InputError, match=r"README.md, line 2: '.*' is a placeholder; give the fact where it comes from"
    ):
        refuse_placeholders(f"# Title\n{text}\n", "README.md")


def test_a_filled_form_passes() -> None:
    refuse_placeholders(
        "- [x] All data\n- [ ] None\n[link](README.zh.md) <https://example.org>\nmethod_todo\n", "README.md"
    )


def crate():
    entries = [Entry("src/a.py", 3, "aa"), Entry("results/s/tables/table1_en.csv", 5, "bb")]
    job = {"id": "#job-1", "name": "render_table", "script": "src/a.py", "inputs": [], "outputs": [entries[1].path]}
    return json.loads(ro_crate(DEPOSIT, entries, [job]))


def test_the_crate_has_what_ro_crate_1_1_requires() -> None:
    document = crate()
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    graph = {entity["@id"]: entity for entity in document["@graph"]}
    assert len(graph) == len(document["@graph"]), "an @id stands twice"
    descriptor, root = graph["ro-crate-metadata.json"], graph["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert descriptor["about"] == {"@id": "./"}
    assert root["@type"] == "Dataset"
    assert all(root[key] for key in ("name", "description", "datePublished", "license"))
    licence = graph[root["license"]["@id"]]
    assert licence["name"]
    assert licence["description"]


def test_everything_the_crate_refers_to_is_in_it() -> None:
    document = crate()
    known = {entity["@id"] for entity in document["@graph"]}

    def referred(node):
        if isinstance(node, dict):
            yield from [node["@id"]] if set(node) == {"@id"} else []
            for value in node.values():
                yield from referred(value)
        elif isinstance(node, list):
            for value in node:
                yield from referred(value)

    assert {name for name in referred(document["@graph"]) if not name.startswith("https://w3id.org")} <= known


def test_codecheck_names_each_output_with_what_it_is() -> None:
    document = yaml.safe_load(codecheck(DEPOSIT, [EXHIBIT], {("s", "table1"): "Variables"}))
    assert document["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert document["manifest"] == [{"file": EXHIBIT.output, "comment": "s, table1: Variables"}]
    assert document["paper"]["authors"] == [{"name": "Li, Wei"}]


def test_the_citation_file_names_people_and_the_code() -> None:
    document = yaml.safe_load(citation_cff(DEPOSIT, CODE))
    assert document["authors"] == [{"family-names": "Li", "given-names": "Wei"}]
    assert document["references"][0]["title"] == "code"
    assert document["license"] == ["CC-BY-4.0", "MIT"]


def test_the_day_is_that_of_the_release_or_of_source_date_epoch_never_today(monkeypatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert date_of(CODE) == "2026-11-22"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert date_of(CODE) == "1970-01-01"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH is 'soon'; allowed: seconds since 1970"):
        date_of(CODE)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("## References\n\n- one\n", ""),
        ("## References\n\n## Acknowledgements\nthanks\n", "empty"),
        ("## References\n", "empty"),
        ("## References\n\n### Books\n- one\n", ""),
        ("### References of others\n- one\n", "missing"),
    ],
)
def test_a_section_must_be_there_and_hold_something(text, fault) -> None:
    assert fault_of(text, "References") == fault


def test_templates_have_every_section_that_is_checked(project) -> None:
    for language, sections in SECTIONS.items():
        text = (project / "templates" / "package" / f"readme_{language}.md.jinja").read_text(encoding="utf-8")
        assert [section for section in sections if f"# {section}\n" not in text] == []
