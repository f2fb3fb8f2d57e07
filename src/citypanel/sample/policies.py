"""Lists of treated cities in the columns of the policy register, in the sample's own files: never among real ones."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from citypanel.sample.prefectures import Prefectures
from citypanel.sample.tables import rows_of
from citypanel.sample.truth_tables import write_table

HEADER = (
    "policy", "adcode", "unit", "level", "parent_prefecture", "year", "term_start", "batch", "n_sources", "source",
    "counts_as_prefecture_treatment",
)  # fmt: skip
SIMULATED = "SIMULATED by the sample generator; not a list of pilots"
REGISTER = "registers/policies.csv"

Line = tuple[str | int, ...]


def write_policy(path: Path, policy: str, where: Prefectures, first_years: Mapping[int, int]) -> None:
    """Write a drawn list: cities with their first year (0: never treated, left out)."""
    batches = sorted({year for year in first_years.values() if year})
    names = dict(zip(where.adcode.tolist(), where.name, strict=True))
    lines = (
        _drawn(policy, code, names[code], f"{year}", batches.index(year) + 1)
        for code, year in sorted(first_years.items(), key=lambda item: (item[1], item[0]))
        if year
    )
    write_table(path, HEADER, lines)


def write_model_cities(path: Path, policy: str, where: Prefectures, later: Iterable[int], term: str) -> None:
    """Write the units of the register, counties included, and after them a drawn batch whose term starts at `term`.

    Counties and districts stand in the list as they do in the register; in this world they treat nobody.
    """
    names = dict(zip(where.adcode.tolist(), where.name, strict=True))
    rows = rows_of("ip_model_units.csv")
    real = (tuple({**row, "policy": policy, "source": REGISTER}[column] for column in HEADER) for row in rows)
    batch = max(int(row["batch"]) for row in rows) + 1
    drawn = (_drawn(policy, code, names[code], term, batch) for code in sorted(later))
    write_table(path, HEADER, (*real, *drawn))


def _drawn(policy: str, code: int, name: str, term: str, batch: int) -> Line:
    """Return the line of a drawn city; `term` is a year, or a year and a month."""
    year, _, month = term.partition("-")
    short = name.removesuffix("市")
    return (policy, code, short, "prefecture", short, year, term if month else "", batch, 1, SIMULATED, 1)
