"""The prefectures of the simulated worlds: which cities each study's sample holds, and where they lie."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from citypanel.arrays import Codes, Mask, Vector
from citypanel.sample.tables import rows_of


@dataclass(frozen=True)
class Prefectures:
    """Prefectures in order of adcode.

    `area` is the customs area, which is not the administrative code; the name of an `ambiguous` city is also that
    of a county, district or province elsewhere, or a plain word (安康), and tells no place inside a firm's name.
    """

    adcode: Codes
    name: tuple[str, ...]
    province: tuple[str, ...]
    province_adcode: Codes
    region: tuple[str, ...]
    area: Codes
    coastal: Mask
    agglomeration: Mask
    key: Mask
    lon: Vector
    lat: Vector
    ip_first_year: Codes
    ambiguous: Mask

    def __len__(self) -> int:
        """Return the number of prefectures."""
        return len(self.adcode)


@cache
def prefectures(study: str) -> Prefectures:
    """Return the prefectures of a study's sample; none of the papers lists its cities, so the choice is ours."""
    rows = [row for row in rows_of("prefectures.csv") if row[study] == "1"]

    def whole(column: str) -> Codes:
        return np.array([int(row[column] or 0) for row in rows])

    return Prefectures(
        adcode=whole("adcode"),
        name=tuple(row["name"] for row in rows),
        province=tuple(row["province"] for row in rows),
        province_adcode=whole("province_adcode"),
        region=tuple(row["region"] for row in rows),
        area=whole("customs_area"),
        coastal=whole("coastal") == 1,
        agglomeration=whole("agglomeration") == 1,
        key=np.array([row["level"] != "prefecture" for row in rows]),
        lon=np.array([float(row["lon"]) for row in rows]),
        lat=np.array([float(row["lat"]) for row in rows]),
        ip_first_year=whole("ip_first_year"),
        ambiguous=whole("ambiguous") == 1,
    )
