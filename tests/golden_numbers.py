"""Golden numbers: some estimates of each study on the tiny sample, stored with the command that made them.

A change of a number that nobody meant is found here. They were checked when they were stored: `docs/sample.md` and the
studies' READMEs say against what. To store them anew after a change that is meant:

    python tests/golden_numbers.py RESULTS STUDY ANALYSIS:COLUMN:TERM ...

RESULTS is the folder that the stored command wrote; without places those that are stored are read again.
"""

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "workflow" / "golden"
COMMAND = "snakemake --cores 2 --config studies={study} 'sample={{preset: tiny}}'"
TOLERANCE = 1e-6
REASON = (
    "the sample is the same bytes everywhere; linear algebra libraries differ in the order of their sums, which moves "
    "closed forms by about 1e-12 and two-step weights, which invert near-singular matrices, by up to 1e-8"
)


def stored(study: str) -> dict[str, Any]:
    """Return what is stored for a study."""
    document: dict[str, Any] = json.loads((FOLDER / f"{study}.json").read_text(encoding="utf-8"))
    return document


def studies() -> list[str]:
    """Return the studies that have golden numbers."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def numbers(results: Path, study: str, places: list[str]) -> dict[str, dict[str, float | int | None]]:
    """Return estimate, error and observations at each place, `ANALYSIS:COLUMN:TERM`, from the records of a run."""
    found = {}
    for place in places:
        analysis, name, wanted = place.split(":", 2)
        record = json.loads((results / study / "estimates" / f"{analysis}.json").read_text(encoding="utf-8"))
        column = next(column for column in record["columns"] if column["column"] == name)
        term = next(term for term in column["terms"] if term["term"] == wanted)
        found[place] = {"estimate": term["estimate"], "se": term["se"], "n": column["n"]}
    return found


def store(results: Path, study: str, places: list[str]) -> None:
    """Write the numbers of a run as those that later runs must meet."""
    asked = places or list(stored(study)["numbers"])
    document = {
        "command": COMMAND.format(study=study),
        "relative_tolerance": TOLERANCE,
        "reason": REASON,
        "numbers": numbers(results, study, asked),
    }
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(document, indent=1) + "\n"
    (FOLDER / f"{study}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    store(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
