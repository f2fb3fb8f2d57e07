"""Which columns stand on the full sample, and how many rows that has."""

from collections import Counter

from citypanel.ledger import labels
from citypanel.ledger.claims import Claim, Claims, listed
from citypanel.ledger.layout import Cells, Column, columns_of

IMPLIED = "implied by N and units"


def has_own_sample(column: Column, claims: Claims) -> bool:
    """Whether a column is no full sample: matched, lagged or one group of a split."""
    groups = {label for claim in claims.of("split", column.table) for label in listed(claim.column, "|")}
    return column.label in groups or bool(column.lags) or labels.has_own_sample(column.label)


def full_n(cells: Cells, claims: Claims, table: str, outcome: str = "") -> tuple[int, str] | None:
    """Return the rows of the full sample with where they come from: a claim, or the first table's commonest N."""
    claim = claims.one("full", table)
    columns = columns_of(cells)
    if claim:
        if claim.value.replace(",", "").isdigit():
            return int(claim.value.replace(",", "")), claim.name
        for column in columns:
            if f"{column.table}/{column.label}" == claim.value and column.n:
                return column.n, f"{claim.value}/N"
    plain = [c for c in columns if c.n and c.table != table and c.outcome == outcome and not has_own_sample(c, claims)]
    if not plain:
        return None
    first = [c for c in plain if c.table == plain[0].table]
    n, _ = Counter(c.n for c in first).most_common(1)[0]
    return (n, f"{first[0].table}/{first[0].label}/N") if n else None


def with_sizes(cells: Cells, claims: Claims) -> Claims:
    """Return the claims, with units that tables print and periods that N implies where the text states none."""
    study, extra = next((cell.study for cell in cells), ""), []
    units = claims.whole("units")
    if units is None:
        printed = {count for column in columns_of(cells) if (count := column.count("units"))}
        units = printed.pop() if len(printed) == 1 else None
        extra += [Claim(study, "units", "", "", "", str(units), "printed")] if units else []
    sizes = Counter(column.n for column in columns_of(cells) if column.n)
    if claims.periods is None and units and sizes:
        n, _ = sizes.most_common(1)[0]
        if n % units == 0 and n > units:
            extra.append(Claim(study, "periods", "", "", "", str(n // units), IMPLIED))
    return Claims((*claims, *extra)) if extra else claims


def known_tables(cells: Cells, claims: Claims) -> set[str]:
    """Return the tables of a paper: those with cells here, and those that claims speak of."""
    return {cell.table for cell in cells} | {claim.table for claim in claims if claim.table}


def lacks_tables(cells: Cells, claims: Claims) -> bool:
    """Whether the text speaks of tables whose cells are not here, as when one file of a paper is audited."""
    return bool(known_tables(cells, claims) - {cell.table for cell in cells})


def is_plain(column: Column) -> bool:
    """Whether a column is static least squares, as far as its label and rows say."""
    auxiliary = any(labels.is_auxiliary(term.name) for term in column.terms)
    return labels.is_least_squares(column.label) and not column.lags and not auxiliary
