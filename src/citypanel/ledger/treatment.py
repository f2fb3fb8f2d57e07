"""Treated rows: as stated by the definition of a treatment, and as implied by a printed column."""

from citypanel.ledger.claims import Claims
from citypanel.ledger.interval import Interval
from citypanel.ledger.layout import Cells, Column
from citypanel.ledger.significance import se_of


def treated_rows(cells: Cells, claims: Claims, column: Column) -> Interval | None:
    """Return the treated rows that a pooled column with one dummy implies, from the two standard errors."""
    if column.constant is None or not column.slopes or not column.n:
        return None
    errors = [se_of(cells, claims, column, term) for term in (column.slopes[0], column.constant)]
    if errors[0] is None or errors[1] is None or errors[1].lo <= 0:
        return None
    ratio = (errors[0] / errors[1]).squared()
    rows = column.n / ratio if ratio.lo > 0 else Interval.line()
    return rows if rows.bounded else None


def stated_treated_rows(claims: Claims) -> dict[str, Interval]:
    """Return the treated rows under each definition the text allows: a closed window, or from the cohort's year on."""
    years, treated = claims.years, claims.whole("treated")
    sizes = {int(claim.row): int(claim.value) for claim in claims.of("cohort") if claim.value.isdigit()}
    if years is None or treated is None:
        return {}
    found: dict[str, Interval] = {}
    window = on_years(claims)
    if window and window[1] < years[1]:
        found["window"] = Interval.exactly(treated * (window[1] - window[0] + 1))
    lengths = {year: max(0, years[1] - max(year, years[0]) + 1) for year in claims.cohorts}
    if lengths and set(sizes) == set(lengths):
        found["absorbing"] = Interval.exactly(sum(sizes[year] * lengths[year] for year in lengths))
    elif lengths:
        found["absorbing"] = Interval(treated * min(lengths.values()), treated * max(lengths.values()))
    return found


def on_years(claims: Claims) -> tuple[int, int] | None:
    """Return the first and last year in which the treatment is stated to be one; open ends run to the last year."""
    text = claims.says("treatment_on").replace("\N{EN DASH}", "-")
    years = [int(part) for part in text.split("-") if part.strip().isdigit()]
    if not years:
        return None
    last = years[1] if len(years) > 1 else (claims.years or (0, years[0]))[1]
    return years[0], last
