"""Joint patents of organisations by place and year, and the network between places.

A patent is joint when at least two organisations apply. A(p) are its organisations, n = |A(p)|, C(p) their
known places. Organisations without a known place stay in n: they lower no count and get their own line in the
accounting, so that totals are conserved.

Counts of a place i: `joint` #{p: i in C(p)}; `joint_fractional` sum_p n_pi / n_p; `intra` #{p: at least two
organisations in i}; `inter` #{p: i in C(p), |C(p)| >= 2}; `undetermined` #{p: one organisation in i, the
places of all others unknown}. Pairs: `full` #{p: i, j in C(p)} (i = j: intra); `fractional` gives each of the
n(n-1)/2 pairs of organisations 2/(n(n-1)). Positions are those of `network`, on the places that have a pair
with another place in that year and with `full` as weight; all other places are zero.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from citypanel.arrays import Vector
from citypanel.declare.indicators import CooperationOptions
from citypanel.errors import InputError
from citypanel.indicators.files import records
from citypanel.indicators.flows import database, parquet
from citypanel.indicators.network import betweenness, eigenvector, gravity, great_circle_km, strength
from citypanel.registers import Registers

if TYPE_CHECKING:
    import duckdb

COUNTS = ["joint", "joint_fractional", "intra", "inter", "undetermined"]
NETWORK = ["partners", "strength", "eigenvector", "betweenness"]


@dataclass(frozen=True)
class Cooperation:
    """Counts of places, flows of pairs, and one line of accounting a year.

    `places` has a row for every place and year with an applicant, also without a joint patent (zeros). A
    place that no applicant comes from has no row: whether that is a zero or a gap in the data is for the
    panel to say.
    """

    places: pd.DataFrame
    pairs: pd.DataFrame
    accounting: pd.DataFrame


def city_cooperation(patents: Path, options: CooperationOptions) -> pd.DataFrame:
    """Cooperation of cities from canonical `patents`.

    Parameters
    ----------
    patents : Path
        Canonical `patents` (Parquet), one row for each application.
    options : CooperationOptions
        `kind` and `ipc` of the patents that count; `window`: a year counts its own patents and those of the years
        before, years with fewer years before them have no row; `distance_power` adds `gravity`, the sum of the
        links I_i I_j / d_ij^power to all other cities with a patent, I being `patents` and d km between seats.

    Returns
    -------
    DataFrame
        `adcode`, `year`, the counts and positions of this module's head, and `patents` (with any applicant in
        the city). `attrs["accounting"]` has a line a year: patents, joint patents, organisations in them with
        and without a city, and the fractional counts and pair weights that belong to no known city.

    Raises
    ------
    InputError
        An applicant of one patent with two cities.
    """
    found = patent_cooperation(patents, options)
    result = found.places.rename(columns={"place": "adcode"}).astype({"adcode": "int32", "year": "int16"})
    if options.distance_power is not None:
        result["gravity"] = _gravity(result, options.distance_power)
    result.attrs["accounting"] = records(found.accounting.to_dict("records"))
    return result


def city_pairs(patents: Path, options: CooperationOptions) -> pd.DataFrame:
    """Flows between cities: `adcode_i`, `adcode_j` (i <= j), `year`, `full`, `fractional`."""
    pairs = patent_cooperation(patents, options).pairs
    return pairs.rename(columns={"place_i": "adcode_i", "place_j": "adcode_j"})


def of_cities(tables: Mapping[str, Path], options: CooperationOptions) -> pd.DataFrame:
    """Compute the indicator from the canonical tables by name."""
    return city_cooperation(tables["patents"], options)


def patent_cooperation(patents: Path, options: CooperationOptions) -> Cooperation:
    """Return counts, pairs and accounting of canonical `patents` by the options; places are adcodes."""
    with database() as connection:
        # A patent counts once in every year of its window, so each of these counts as an application of its own.
        connection.execute(f"""
            create temp table listed as
            select application, year, a.name as applicant, a.adcode as place,
                   a.kind = 'organisation' as organisation
            from (
                select case when later = 0 then application_no else application_no || '+' || later end as application,
                       year("date") + later as year, unnest(applicants) as a
                from {parquet(patents)}, range({options.window}) as window_of(later) where {_chosen(options)}
            )
        """)  # noqa: S608  (the options are literals, numbers and IPC symbols; the path is quoted)
        if options.window > 1:
            before = options.window - 1
            connection.execute(f"""
                delete from listed using (select min(year) as first, max(year) as last from listed)
                where year < first + {before} or year > last - {before}
            """)  # noqa: S608  (a number)
        return _measured(connection, str(patents))


def _chosen(options: CooperationOptions) -> str:
    """Return the condition that the patents counted meet."""
    listed = ", ".join(f"'{kind}'" for kind in options.kind.split("_"))
    kinds = "true" if options.kind == "all" else f"kind in ({listed})"
    symbols = [f"starts_with(upper(ipc), '{symbol}')" for symbol in options.ipc.split(",") if symbol]
    return f"{kinds} and ({' or '.join(symbols) or 'true'})"


def _gravity(places: pd.DataFrame, power: float) -> Vector:
    seats = Registers().cities().set_index("adcode")[["lon", "lat"]]
    result = np.zeros(len(places))
    for year in np.unique(places["year"].to_numpy()):
        rows = np.flatnonzero(places["year"].to_numpy() == year)
        seat = seats.loc[places["adcode"].to_numpy()[rows]].to_numpy()
        masses = places["patents"].to_numpy()[rows].astype(np.float64)
        result[rows] = gravity(masses, great_circle_km(seat[:, 0], seat[:, 1]), power)
    return result


def cooperation(applicants: pd.DataFrame, place: str) -> Cooperation:
    """Compute cooperation from a table of applicants; `place` opens the messages.

    Parameters
    ----------
    applicants : DataFrame
        `application`, `year`, `applicant`, `place` (missing where unknown), `organisation` (bool). The same
        applicant of one application may stand in several rows and counts once.
    """
    with database() as connection:
        connection.register("given", applicants)
        connection.execute("""
            create temp table listed as
            select cast(application as varchar) as application, cast(year as integer) as year,
                   cast(applicant as varchar) as applicant, place, organisation from given
        """)
        return _measured(connection, place)


def _measured(connection: "duckdb.DuckDBPyConnection", place: str) -> Cooperation:
    _refuse_contradictions(connection, place)
    _divide_joint_patents(connection)
    pairs, placed_pairs = _pairs(connection)
    return Cooperation(_places(connection, pairs), pairs, _accounting(connection, placed_pairs))


def _refuse_contradictions(connection: "duckdb.DuckDBPyConnection", place: str) -> None:
    rules = (("year", "application", "true"), ("place", "application, applicant", "organisation"))
    for column, group, rows in rules:
        found = connection.execute(f"""
            select {group}, min({column}), max({column}) from listed where {rows}
            group by {group} having min({column}) <> max({column}) order by {group} limit 1
        """).fetchone()  # noqa: S608  (words of the line above)
        if found is not None:
            *keys, low, high = found
            shown = ", ".join(f"{name} {key}" for name, key in zip(group.split(", "), keys, strict=True))
            raise InputError(f"{place}: found {shown} with {column} {low} and {high}; allowed: one {column}")


def _divide_joint_patents(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make `organisations`, and `parts`: how many organisations of a joint patent are in each place."""
    connection.execute("""
        create temp table organisations as
        select application, min(year) as year, applicant, min(place) as place
        from listed where organisation group by application, applicant
    """)
    connection.execute("""
        create temp table parts as
        with held as (
            select application, min(year) as year, place, count(*) as own
            from organisations group by application, place
        )
        select *, count(place) over patent as places from (
            select *, sum(own) over (partition by application) as n from held
        ) where n >= 2 window patent as (partition by application)
    """)


def _places(connection: "duckdb.DuckDBPyConnection", pairs: pd.DataFrame) -> pd.DataFrame:
    seen: pd.DataFrame = connection.sql("""
        select place, year, count(distinct application) as patents from listed
        where place is not null group by place, year order by place, year
    """).to_df()
    counts = connection.sql("""
        select place, year, count(*) as joint, count(*) filter (own >= 2) as intra,
               count(*) filter (places >= 2) as inter,
               count(*) filter (own = 1 and places = 1) as undetermined
        from parts where place is not null group by place, year
    """).to_df()
    by_size = connection.sql("""
        select place, year, n, sum(own) as own from parts where place is not null
        group by place, year, n order by place, year, n
    """).to_df()
    # Whole numbers are added up by the database and divided here, in the order of n: the same bytes on any
    # machine.
    by_size["joint_fractional"] = by_size["own"].astype("float64") / by_size["n"].astype("float64")
    fractional = by_size.groupby(["place", "year"], as_index=False)["joint_fractional"].sum()
    table = seen.merge(counts, on=["place", "year"], how="left").merge(fractional, on=["place", "year"], how="left")
    table = table.merge(_positions(pairs), on=["place", "year"], how="left")
    table = table[["place", "year", *COUNTS, *NETWORK, "patents"]]
    filled = table.fillna(dict.fromkeys([*COUNTS, *NETWORK], 0))
    whole = ["joint", "intra", "inter", "undetermined", "partners", "strength", "patents"]
    return filled.astype(dict.fromkeys(whole, "int64"))


def _pairs(connection: "duckdb.DuckDBPyConnection") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the flows of pairs, and by year and n how many pairs of organisations have known places."""
    by_size: pd.DataFrame = connection.sql("""
        select a.place as place_i, b.place as place_j, a.year as year, a.n as n, count(*) as "full",
               sum(case when a.place = b.place then a.own * (a.own - 1) // 2 else a.own * b.own end) as links
        from parts a join parts b on a.application = b.application and a.place <= b.place
        where a.place < b.place or a.own >= 2
        group by all order by place_i, place_j, year, n
    """).to_df()
    by_size["links"] = by_size["links"].astype("float64")
    size = by_size["n"].astype("float64")
    by_size["fractional"] = by_size["links"] / (size * (size - 1) / 2)
    placed: pd.DataFrame = by_size.groupby(["year", "n"], as_index=False)[["links"]].sum()
    keys = ["place_i", "place_j", "year"]
    pairs: pd.DataFrame = by_size.groupby(keys, as_index=False)[["full", "fractional"]].sum()
    return pairs.astype({"full": "int64", "year": "int64"}), placed


def _positions(pairs: pd.DataFrame) -> pd.DataFrame:
    """Partners, strength and centralities of the places that have a joint patent with another place."""
    between = pairs[pairs["place_i"] != pairs["place_j"]]
    tables = [pd.DataFrame(columns=["place", "year", *NETWORK])]
    for year, rows in _years(between):
        codes, places = pd.factorize(pd.concat([rows["place_i"], rows["place_j"]]), sort=True)
        i, j = np.split(codes, 2)
        weights = np.zeros((len(places), len(places)))
        weights[i, j] = weights[j, i] = rows["full"].to_numpy()
        positions = {
            "partners": (weights > 0).sum(axis=1),
            "strength": strength(weights),
            "eigenvector": eigenvector(weights),
            "betweenness": betweenness(weights),
        }
        tables.append(pd.DataFrame({"place": places, "year": year, **positions}))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _years(frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    for year in np.unique(frame["year"].to_numpy()):
        yield int(year), frame[frame["year"] == year]


def _accounting(connection: "duckdb.DuckDBPyConnection", placed: pd.DataFrame) -> pd.DataFrame:
    by_year: pd.DataFrame = connection.sql("""
        select year, count(distinct application) as patents from listed group by year order by year
    """).to_df()
    by_size: pd.DataFrame = connection.sql("""
        select year, n, count(distinct application) as joint, sum(own) as organisations,
               coalesce(sum(own) filter (place is null), 0) as unresolved,
               count(distinct application) filter (places = 0) as joint_without_place
        from parts group by year, n order by year, n
    """).to_df()
    by_size = by_size.merge(placed, on=["year", "n"], how="left").astype("float64").fillna({"links": 0.0})
    links = by_size["n"] * (by_size["n"] - 1) / 2
    by_size["fractional_unresolved"] = by_size["unresolved"] / by_size["n"]
    by_size["pair_weight_unresolved"] = (by_size["joint"] * links - by_size["links"]) / links
    summed = by_size.drop(columns=["n", "links"]).groupby("year", as_index=False).sum()
    table = by_year.merge(summed, on="year", how="left").fillna(0.0)
    whole = ["year", "patents", "joint", "organisations", "unresolved", "joint_without_place"]
    return table.astype(dict.fromkeys(whole, "int64"))
