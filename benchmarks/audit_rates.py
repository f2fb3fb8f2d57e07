"""Rates of the audit: false alarms on honest papers, and planted errors found; run `python benchmarks/audit_rates.py`.

An alarm is an `inconsistent`. An error counts as found where one of the rules made for it says `inconsistent` or
`only if`; only errors that the printed digits can show are planted (tests/property/simulated_papers.py says which).
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "property"))

from simulated_papers import PLANTS, SEEN_BY, Paper, plant, simulate

from citypanel.ledger.audit import audit_cells
from citypanel.ledger.claims import Claim
from citypanel.ledger.findings import Finding, Place
from citypanel.ledger.messages import sentence
from citypanel.ledger.printed import make_cell


def audited(paper: Paper) -> list[Finding]:
    """Return the findings on one paper."""
    cells = tuple(make_cell(Place("s", *row[:3]), *row[3:]) for row in paper.cells)
    return audit_cells(cells, [Claim("s", *claim) for claim in paper.claims])


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--plants", type=int, default=200)
    parser.add_argument("--decimals", type=int, nargs="+", default=[2, 3, 4])
    given = parser.parse_args()
    for decimals in given.decimals:
        verdicts: Counter[str] = Counter()
        alarms = 0
        for seed in range(given.papers):
            findings = audited(simulate(seed, decimals))
            verdicts.update(finding.verdict for finding in findings)
            false = [finding for finding in findings if finding.verdict == "inconsistent"]
            alarms += bool(false)
            for finding in false:
                print(f"  seed {seed}: {sentence(finding, 'en')}")
        print(f"{decimals} decimals: {alarms} of {given.papers} honest papers with a false alarm; {dict(verdicts)}")
        for name in PLANTS:
            found = flagged = planted = 0
            for seed in range(10_000, 10_000 + given.plants):
                paper = plant(name, seed, decimals)
                if paper is None:
                    continue
                planted += 1
                hits = {finding.verdict for finding in audited(paper) if finding.rule in SEEN_BY[name]}
                found += "inconsistent" in hits
                flagged += bool(hits & {"inconsistent", "only if"})
            print(f"  {name}: {found} inconsistent, {flagged} inconsistent or only if, of {planted}")


if __name__ == "__main__":
    main()
