"""Which results of a package cannot be made from what is in it: they need a variable of a panel that does not leave."""

import csv
from pathlib import Path

from citypanel.declare.formula import formula_names
from citypanel.package.cells import read_record

REFUSALS, EXHIBITS = "REFUSALS.csv", "EXHIBITS.csv"


def withheld_variables(package: Path) -> dict[str, set[str]]:
    """Return the variables that the panel of each study lacks, as the package's refusals say."""
    found: dict[str, set[str]] = {}
    for row in _rows(package / REFUSALS):
        if row["part"] and row["path"].endswith("/panel.parquet"):
            found.setdefault(Path(row["path"]).parts[-2], set()).add(row["part"])
    return found


def results_in_need(package: Path, results: Path) -> set[str]:
    """Return the results of a package that rest on a variable that is not in it, by their paths in the package.

    Parameters
    ----------
    package : Path
        The folder of the package, whose lists of refusals and exhibits are read.
    results : Path
        The folder of the results that came with it.
    """
    withheld = withheld_variables(package)
    records = {
        (study, path.stem): f"results/{path.relative_to(results).as_posix()}"
        for study, names in withheld.items()
        for path in sorted((results / study / "estimates").glob("*.json"))
        if names & _read(path)
    }
    exhibits = {
        row["output"]
        for row in _rows(package / EXHIBITS)
        if any((row["study"], analysis) in records for analysis in row["analyses"].split())
    }
    # The ledger compares all records of a study.
    ledgers = {
        f"results/{path.relative_to(results).as_posix()}"
        for study in {study for study, _ in records}
        for path in (results / study / "ledger").rglob("*")
    }
    return {*records.values(), *exhibits, *ledgers}


def _read(path: Path) -> set[str]:
    record = read_record(path)
    formulas = {record["formula"], *(column["formula"] for column in record["columns"] if column.get("formula"))}
    return {name for formula in formulas for name in formula_names(formula)}


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
