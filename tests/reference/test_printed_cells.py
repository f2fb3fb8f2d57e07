"""The printed cells and cited numbers that the studies ship are those of the papers, which may not be redistributed."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from citypanel.ledger.printed import plain

TOKEN = re.compile(r"\(?[−-]?\d+(?:\.\d+)?\)?\*{0,3}|YES|NO|—")
# Where a table of the text ends.
END = re.compile(r"^(注|\d\.\d)", re.MULTILINE)
LABELS = re.compile(r"^(Variance-sigma2_e|r2_a|20\d\d)\b", re.MULTILINE)


def rows(project: Path, study: str, name: str) -> list[dict[str, str]]:
    with (project / "studies" / study / "published" / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def token(text: str) -> str:
    """Return a printed token with a plain minus and without parentheses."""
    bare, stars = text.rstrip("*"), text[len(text.rstrip("*")) :]
    return ("—" if bare == "—" else plain(bare)) + stars


@pytest.mark.parametrize("number", range(2, 10))
def test_yrd_tables_are_token_by_token_those_of_the_text(project, shared: Callable[..., Path], number) -> None:
    text = shared("papers", "yrd_cooperation_paper.txt").read_text(encoding="utf-8")
    body = text[text.index(f"\n表 {number}. ") :]
    # The heads above the numbers: everything up to the first line that names a row.
    first = re.search(r"^(quality 410|quality 1|inno |2011 |Lagrange)", body, re.MULTILINE)
    assert first is not None
    end = END.search(body, first.start())
    assert end is not None
    block = LABELS.sub("", body[first.start() : end.start()])
    cells = rows(project, "yrd_cooperation", f"table{number}.csv")
    assert [token(found) for found in TOKEN.findall(block)] == [token(cell["value"] + cell["stars"]) for cell in cells]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_smart_city_tables_are_cell_by_cell_those_of_the_text(project, shared, number) -> None:
    text = shared("papers", "smart_city_paper.txt").read_text(encoding="utf-8")
    block = re.search(rf"^Table {number} .*?\n\n(\t.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    lines = [line.split("\t") for line in block[1].splitlines()]
    heads = lines[0][1:]
    printed: dict[tuple[str, str], str] = {}
    for line in lines[1:]:
        label = re.sub(r"\s*<sup>2</sup>", " 2", line[0])
        for head, value in zip(heads, line[1:], strict=True):
            # The head of the outcomes and the row of the instrument are printed as one.
            outcome = re.match(r"(quality|did)\b ?", value)
            if outcome:
                printed[head, "dep_var"] = outcome[1]
            rest = value[outcome.end() :] if outcome else value
            if rest:
                printed[head, label] = rest
    cells: dict[tuple[str, str], str] = {}
    for cell in rows(project, "smart_city", f"table{number}.csv"):
        key = (cell["column"], cell["row"])
        value = f"({cell['value']})" if cell["statistic"] == "paren" else cell["value"] + cell["stars"]
        cells[key] = f"{cells[key]} {value}" if key in cells else value
    assert cells == printed


@pytest.mark.parametrize(("study", "paper"), [("yrd_cooperation", "yrd_cooperation"), ("smart_city", "smart_city")])
def test_every_number_that_the_prose_cites_is_a_claim_and_the_other_way_round(project, shared, study, paper) -> None:
    text = shared("papers", f"{paper}_paper.txt").read_text(encoding="utf-8")
    cited = {claim["value"] for claim in rows(project, study, "claims.csv") if claim["claim"] == "cited"}
    prose = prose_of(text, study)
    numbers = {plain(found) for found in re.findall(r"(?<![\d.])[−-]?\d+\.\d{2,4}(?![\d.])", prose)}
    assert numbers - cited == set()
    assert {value for value in cited if "." in value} - numbers == set()


def prose_of(text: str, study: str) -> str:
    """Return the sections of results without their tables."""
    if study == "smart_city":
        results = text[
            text.index("### III. Analysis") : text.index("IV. Conclusion") if "IV. Conclusion" in text else None
        ]
        return re.sub(r"^.*\t.*$", "", results, flags=re.MULTILINE)
    results = text[text.index("4.1. ") : text.index("5. 研究结论")]
    without = re.sub(r"^表 \d\. .*?(?=^(?:注|\d\.\d))", "", results, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^注.*$", "", without, flags=re.MULTILINE)
