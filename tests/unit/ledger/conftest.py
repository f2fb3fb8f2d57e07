"""Made-up papers for the rules: one line per cell, one line per claim."""

import pytest

from citypanel.ledger.audit import RULES
from citypanel.ledger.claims import Claim, Claims
from citypanel.ledger.findings import Finding, Place
from citypanel.ledger.messages import LANGUAGES, sentence
from citypanel.ledger.printed import make_cell


def _fields(text: str, width: int) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    return [[*(part.strip() for part in line.split("|")), *[""] * width][:width] for line in lines]


@pytest.fixture
def judged():
    """Return a function: rule, cells (table|column|row|statistic|value|stars), claims (kind|value|table|column|row)."""

    def apply(rule: str, cells: str, claims: str = "") -> list[Finding]:
        printed = tuple(make_cell(Place("s", t, c, r), s, v, stars) for t, c, r, s, v, stars in _fields(cells, 6))
        # columns of a claim are joined by & here, because | parts the fields
        said = Claims(Claim("s", k, t, c.replace(" & ", "|"), r, v) for k, v, t, c, r in _fields(claims, 5))
        findings = RULES[rule](printed, said)
        for finding in findings:
            for language in LANGUAGES:
                assert sentence(finding, language)
        return findings

    return apply


@pytest.fixture
def verdicts(judged):
    """Return a function that gives the verdicts of a rule in order; the `row` narrows them to places with that row."""

    def of(rule: str, cells: str, claims: str = "", row: str | None = None) -> list[str]:
        return [f.verdict for f in judged(rule, cells, claims) if row is None or f.place.row == row]

    return of
