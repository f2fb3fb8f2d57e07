"""A world trade table as a file: a byte-order mark, empty incomes, codes that have lost their leading zero."""

from pathlib import Path

import numpy as np

from citypanel.sample.world import World


def write_world_trade(path: Path, world: World, year_of_short_codes: int) -> dict[str, int]:
    """Write the table and count; an empty income is missing, a value of 0 no trade."""
    counts = {"rows": 0, "rows_without_income": 0, "rows_without_trade": 0, "codes_without_leading_zero": 0}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write("exporter,year,hs6,value,gdp_per_head\r\n")
        for t, year in enumerate(world.years):
            for j, economy in enumerate(world.economies):
                income = world.income[t, j]
                sold = np.flatnonzero(world.value[t, j])
                for k in sold if sold.size else [0]:
                    code = world.products.hs6[k]
                    short = code.lstrip("0") if year == year_of_short_codes else code
                    money = f"{income:.2f}" if np.isfinite(income) else ""
                    file.write(f"{economy},{year},{short},{world.value[t, j, k]},{money}\r\n")
                    counts["rows"] += 1
                    counts["rows_without_income"] += money == ""
                    counts["rows_without_trade"] += not sold.size
                    counts["codes_without_leading_zero"] += short != code
    return counts
