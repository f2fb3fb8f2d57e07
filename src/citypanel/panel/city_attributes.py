"""What the register of cities tells about the cities of a panel."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from citypanel.registers import Registers

ANY_CLUSTER = "any"


def city_attribute(cities: pd.Series, declared: Mapping[str, Any], registers: Registers) -> pd.Series:
    """Return a coordinate, or 1 where the city meets every condition given and 0 elsewhere.

    Parameters
    ----------
    cities : Series
        The adcode of each row of the panel.
    declared : mapping
        `column` (lon, lat), or any of `region`, `level`, `provinces`, `cluster`.
    registers : Registers
    """
    # A city that was recoded stands in the register twice; the later row holds.
    known = registers.cities().drop_duplicates("adcode", keep="last").set_index("adcode")
    if declared["column"]:
        return cities.map(known[declared["column"]]).astype("float64")
    met = pd.Series(True, index=cities.index)
    for key, column in (("region", "region"), ("level", "level"), ("provinces", "province_adcode")):
        if declared[key]:
            met &= cities.map(known[column]).isin(list(declared[key]))
    if declared["cluster"]:
        names = registers.clusters() if ANY_CLUSTER in declared["cluster"] else declared["cluster"]
        met &= cities.isin([code for name in names for code in registers.cluster_members(name)])
    return met.astype("int64")
