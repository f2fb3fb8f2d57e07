"""Which cities a study's panel has, with the boundaries of its base year."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from citypanel.errors import InputError
from citypanel.registers import Registers


def panel_cities(declared: Mapping[str, Any], base_year: int, registers: Registers) -> pd.DataFrame:
    """Return `city` and `province` (codes) of the declared cities, in the order of the codes.

    Raises
    ------
    InputError
        A declared code is no city of the base year, or no city is left.
    """
    known = registers.cities(base_year)
    chosen = known
    if declared["cluster"] is not None:
        chosen = _only(known, registers.cluster_members(declared["cluster"]), "adcode", base_year)
    if declared["adcodes"]:
        chosen = _only(chosen, declared["adcodes"], "adcode", base_year)
    if declared["provinces"]:
        chosen = chosen[chosen["province_adcode"].isin(declared["provinces"])]
    chosen = chosen[~chosen["adcode"].isin(declared["exclude"])]
    if chosen.empty:
        raise InputError("sample.cities: no city is left; check cluster, provinces, adcodes and exclude")
    codes = chosen.sort_values("adcode")[["adcode", "province_adcode"]].astype("int64")
    return codes.set_axis(["city", "province"], axis=1).reset_index(drop=True)


def _only(known: pd.DataFrame, codes: object, column: str, base_year: int) -> pd.DataFrame:
    wanted = pd.Series(list(codes), dtype="int64")  # type: ignore[call-overload]
    strange = wanted[~wanted.isin(known[column])]
    if len(strange):
        first = ", ".join(map(str, strange.head(5)))
        raise InputError(f"sample.cities: {first} is no city of the register in {base_year}")
    return known[known[column].isin(wanted)]
