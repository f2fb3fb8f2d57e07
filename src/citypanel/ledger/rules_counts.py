"""Section C: numbers of rows, units, periods and treated units."""

import math
import re

from citypanel.ledger import labels
from citypanel.ledger.claims import Claims, listed
from citypanel.ledger.findings import Finding, Judge, Place
from citypanel.ledger.interval import Interval
from citypanel.ledger.layout import Cells, Column, columns_of, tables_of
from citypanel.ledger.samples import full_n, has_own_sample

_MOST_PERIODS = 60


def n_cells(cells: Cells, claims: Claims) -> list[Finding]:
    """14. N is at most units times periods, and equal to it in a balanced panel."""
    judge, found = Judge("n_cells"), []
    for column in columns_of(cells):
        cell = column.cell("n")
        if cell is None or column.n is None:
            continue
        units = column.count("units") or claims.whole("units", column.table)
        periods = claims.periods
        if not units or not periods:
            found.append(judge.missing(column.at("n"), "units_periods", printed=cell.text))
            continue
        most = units * periods
        balanced = claims.says("balanced", column.table) == "yes" and not has_own_sample(column, claims)
        values = {
            "units": units,
            "periods": periods,
            "most": most,
            "least_units": math.ceil(column.n / periods),
            "pairs": _pairs(column.n, units, periods),
        }
        common = {"printed": cell.text, "inputs": [cell, *claims.of("units"), *claims.of("years")]}
        if column.n > most:
            found.append(judge("inconsistent", column.at("n"), "over", computed=Interval(0, most), **common, **values))
        elif balanced and column.n != most:
            key = "unbalanced" if column.n % periods else "other_units"
            found.append(
                judge("inconsistent", column.at("n"), key, computed=Interval.exactly(most), **common, **values)
            )
        else:
            found.append(judge("consistent", column.at("n"), "fits", computed=Interval(0, most), **common, **values))
    return found


def _pairs(n: int, units: int, periods: int) -> str:
    """Return the (units, periods) nearest to the stated ones that multiply to N."""
    pairs = [(n // t, t) for t in range(2, _MOST_PERIODS + 1) if n % t == 0]
    nearest = sorted(pairs, key=lambda pair: abs(math.log(pair[0] / units)) + abs(math.log(pair[1] / periods)))[:3]
    return ", ".join(f"{u} x {t}" for u, t in nearest) or "-"


def n_split(cells: Cells, claims: Claims) -> list[Finding]:
    """15. The rows of exclusive, exhaustive groups add up to the full sample."""
    judge, found = Judge("n_split"), []
    for (study, table), columns in tables_of(columns_of(cells)).items():
        known = {column.label: column for column in columns}
        for name, group in _splits(table, columns, claims):
            place = Place(study, table, " | ".join(group), "n")
            chosen = [known[label] for label in group if label in known]
            full = full_n(cells, claims, table, chosen[0].outcome) if chosen else None
            if len(chosen) != len(group) or any(column.n is None for column in chosen) or full is None:
                found.append(judge.missing(place, "full"))
                continue
            total = sum(column.n or 0 for column in chosen)
            values = {"split": name, "full": full[0], "missing": abs(full[0] - total)}
            inputs = [*(column.stats["n"] for column in chosen), full[1]]
            verdict, key = (
                ("consistent", "adds") if total == full[0] else ("inconsistent", "short" if total < full[0] else "over")
            )
            printed = " + ".join(column.stats["n"].text for column in chosen)
            found.append(
                judge(verdict, place, key, printed=printed, computed=Interval.exactly(total), inputs=inputs, **values)
            )
    return found


def _splits(table: str, columns: list[Column], claims: Claims) -> list[tuple[str, tuple[str, ...]]]:
    """Return the splits of a table: stated ones, else pairs of columns whose labels differ by opposites."""
    stated = [
        (claim.row or claim.value, listed(claim.column, "|")) for claim in claims.of("split") if claim.table == table
    ]
    if stated:
        return stated
    names = [column.label for column in columns]
    pairs = [(one, two, labels.opposite(one, two)) for one in names for two in names if one != two]
    return [(shared, (one, two)) for one, two, shared in pairs if shared]


def n_lag(cells: Cells, claims: Claims) -> list[Finding]:
    """16. Each lag loses at least one period of each unit: units <= (N - N with lags) / lags."""
    judge, found = Judge("n_lag"), []
    for column in columns_of(cells):
        if not column.lags or not column.n:
            continue
        full = full_n(cells, claims, column.table, column.outcome) or _static_n(cells, column)
        place, cell = column.at("n"), column.stats["n"]
        if full is None:
            found.append(judge.missing(place, "full", printed=cell.text))
            continue
        depth = max(_depth(term.name) for term in column.lags)
        bound = (full[0] - column.n) // depth
        units = claims.whole("units", column.table) or column.count("units")
        years = claims.periods
        least = math.ceil(full[0] / years) if years else 0
        values = {"bound": bound, "units": units or "-", "full": full[0], "least": least, "depth": depth}
        common = {"printed": cell.text, "computed": Interval(0, bound), "inputs": [cell, full[1], *claims.of("units")]}
        if units is None:
            found.append(judge.missing(place, "units", **common))
        elif units > bound:
            found.append(judge("inconsistent", place, "over", **common, **values))
        else:
            found.append(judge("consistent", place, "fits", **common, **values))
    return found


def _static_n(cells: Cells, column: Column) -> tuple[int, str] | None:
    others = [
        c for c in columns_of(cells) if c.table == column.table and c.n and not c.lags and c.outcome == column.outcome
    ]
    others = [c for c in others if not labels.has_own_sample(c.label)]
    return (others[0].n or 0, f"{others[0].table}/{others[0].label}/N") if others else None


def _depth(name: str) -> int:
    found = re.match(r"[LD](\d+)\.", name)
    return max(1, int(found[1])) if found else 1


def n_columns(cells: Cells, claims: Claims) -> list[Finding]:
    """17. N is the same where the sample is said to be the same."""
    judge = Judge("n_columns")
    found: list[Finding] = []
    for (study, table), columns in tables_of(columns_of(cells)).items():
        split = {label for claim in claims.of("split", table) for label in listed(claim.column, "|")}
        groups: dict[str, list[Column]] = {}
        for column in columns:
            stem = re.sub(r"[（(]?\d+[)）]?", "", column.label).strip()
            paired = any(
                labels.opposite(column.label, o.label) or labels.opposite(o.label, column.label) for o in columns
            )
            if column.n and column.label not in split and not paired:
                groups.setdefault(f"{stem}|{column.outcome or ''}", []).append(column)
        place = Place(study, table, "", "n")
        found.extend(_same_n(judge, place, group) for group in groups.values() if len(group) > 1)
        if not groups and not split:
            found.append(judge.missing(place, "n"))
    return found


def _same_n(judge: Judge, place: Place, group: list[Column]) -> Finding:
    sizes = [column.n or 0 for column in group]
    inputs = [column.stats["n"] for column in group]
    printed = ", ".join(cell.text for cell in inputs)
    computed = Interval(min(sizes), max(sizes))
    if min(sizes) == max(sizes):
        return judge("consistent", place, "same", printed=printed, computed=computed, inputs=inputs)
    small, large = min(group, key=lambda c: c.n or 0), max(group, key=lambda c: c.n or 0)
    added = sorted({t.name for t in small.slopes} ^ {t.name for t in large.slopes})
    return judge(
        "warning",
        place,
        "differ",
        printed=printed,
        computed=computed,
        inputs=inputs,
        added=", ".join(added) or "-",
        lost=max(sizes) - min(sizes),
        small=small.label,
        large=large.label,
    )


def event_times(cells: Cells, claims: Claims) -> dict[str, int]:
    """Return the event times of a study: those of printed rows, else the stated range."""
    times: dict[str, int] = {}
    for cell in cells:
        found = re.fullmatch(r"(pre|post|before|after|t|d)[_\s]?\(?([+-]?\d+)\)?", cell.row.strip(), re.IGNORECASE)
        if cell.statistic == "coef" and found:
            size = int(found[2])
            times[cell.row] = -abs(size) if found[1].lower() in ("pre", "before") else size
    if not times:
        said = claims.says("event_times")
        named = [int(end) for end in re.findall(r"[+-]?\d+", said)]
        if ";" not in said and len(named) == 2:
            named = list(range(named[0], named[1] + 1))
        times = {f"{time:+d}": time for time in named}
    return times


def event_support(cells: Cells, claims: Claims) -> list[Finding]:
    """18. An event time exists for a cohort only if the sample covers the cohort's year plus that time."""
    judge, found = Judge("event_support"), []
    times, cohorts, years = event_times(cells, claims), claims.cohorts, claims.years
    study = claims[0].study if claims else ""
    if not times or not cohorts or years is None:
        return [judge.missing(Place(study, "", "", "event times"), "event")] if times or cohorts else []
    inputs = [*claims.of("cohorts"), *claims.of("years"), *claims.of("event_times")]
    for label, time in times.items():
        behind = [cohort for cohort in cohorts if years[0] <= cohort + time <= years[1]]
        values = {
            "behind": ", ".join(map(str, behind)) or "-",
            "all": ", ".join(map(str, cohorts)),
            "time": f"{time:+d}",
        }
        verdict, key = (
            ("inconsistent", "nobody")
            if not behind
            else ("warning", "some")
            if len(behind) < len(cohorts)
            else ("consistent", "all")
        )
        place = Place(study, "", "", f"event time {label}")
        found.append(judge(verdict, place, key, computed=Interval.exactly(len(behind)), inputs=inputs, **values))
    return found


def placebo_count(cells: Cells, claims: Claims) -> list[Finding]:
    """19. A placebo draw has as many treated units, from as many units, as the regression's sample."""
    judge = Judge("placebo_count")
    fake, pool, draws = (claims.whole(kind) for kind in ("placebo_treated", "placebo_units", "placebo_draws"))
    if fake is None and draws is None:
        return []
    claim = (claims.of("placebo_treated") + claims.of("placebo_draws"))[0]
    place = Place(claim.study, claim.table, "", "placebo")
    treated, units = claims.whole("treated"), claims.whole("units")
    smallest = Interval.exactly(1 / (1 + draws)) if draws else None
    inputs = [
        *claims.of("placebo_treated"),
        *claims.of("placebo_units"),
        *claims.of("placebo_draws"),
        *claims.of("treated"),
    ]
    full, periods = full_n(cells, claims, ""), claims.periods
    least = math.ceil(full[0] / periods) if full and periods else 0
    if full:
        inputs.append(full[1])  # type: ignore[arg-type]
    values = {
        "fake": fake,
        "pool": pool or "-",
        "treated": treated,
        "units": units,
        "draws": draws or "-",
        "least": least,
    }
    common = {"printed": f"{fake}/{pool}", "computed": smallest, "inputs": inputs}
    if fake is None or treated is None:
        return [judge.missing(place, "treated", **common)]
    if fake != treated or (pool and units and pool != units):
        return [judge("inconsistent", place, "differs", **common, **values)]
    if pool and least > pool:
        return [judge("inconsistent", place, "sample", **common, **values)]
    return [judge("consistent", place, "same", **common, **values)]


def cohorts(_cells: Cells, claims: Claims) -> list[Finding]:
    """20. Treated and control units add up to all; cohorts to the treated; no more treated than announced."""
    judge, found = Judge("cohorts"), []
    treated, control, units = (claims.whole(kind) for kind in ("treated", "control", "units"))
    if treated is None:
        return []
    claim = claims.of("treated")[0]
    place = Place(claim.study, "", "", "treated units")
    sizes = [int(c.value) for c in claims.of("cohort") if c.value.isdigit()]
    sums = {
        "sum": (None if control is None else treated + control, units, [*claims.of("control"), *claims.of("units")]),
        "by_year": (sum(sizes) if sizes else None, treated, list(claims.of("cohort"))),
    }
    for key, (computed, stated, inputs) in sums.items():
        if computed is None or stated is None:
            if key == "sum":
                found.append(judge.missing(place, "control", printed=str(treated), inputs=[claim]))
            continue
        verdict = "consistent" if computed == stated else "inconsistent"
        printed, interval = str(stated), Interval.exactly(computed)
        found.append(judge(verdict, place, key, printed=printed, computed=interval, inputs=[claim, *inputs]))
    announced = claims.whole("announced")
    if announced is not None:
        verdict = "consistent" if treated <= announced else "inconsistent"
        inputs = [claim, *claims.of("announced")]
        found.append(
            judge(verdict, place, "announced", printed=str(treated), computed=Interval(0, announced), inputs=inputs)
        )
    return found
