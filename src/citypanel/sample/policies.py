"""Lists of treated cities in the columns of the policy register, in the sample's own files: never among real ones."""

from collections.abc import Mapping
from pathlib import Path

from citypanel.sample.prefectures import Prefectures
from citypanel.sample.truth_tables import write_table

HEADER = (
    "policy", "adcode", "unit", "level", "parent_prefecture", "year", "term_start", "batch", "n_sources", "source",
    "counts_as_prefecture_treatment",
)  # fmt: skip
SIMULATED = "SIMULATED by the sample generator; not a list of pilots"


def write_policy(
    path: Path, policy: str, where: Prefectures, first_years: Mapping[int, int], real: frozenset[int] = frozenset()
) -> None:
    """Write the treated cities with their first year (0: never treated, left out); `real` come from the register."""
    batches = sorted({year for year in first_years.values() if year})
    names = dict(zip(where.adcode.tolist(), where.name, strict=True))
    rows = (
        (
            policy, code, names[code].removesuffix("市"), "prefecture", names[code].removesuffix("市"), year, "",
            batches.index(year) + 1, 1, "registers/policies.csv" if code in real else SIMULATED, 1,
        )
        for code, year in sorted(first_years.items(), key=lambda item: (item[1], item[0]))
        if year
    )  # fmt: skip
    write_table(path, HEADER, rows)
