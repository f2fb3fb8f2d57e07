"""Section B, continued: the constant, and the standard errors of a dummy and the constant."""

from citypanel.ledger.claims import Claims
from citypanel.ledger.findings import Finding, Judge
from citypanel.ledger.layout import Cells, Column, Moments, columns_of, moments_of
from citypanel.ledger.samples import is_plain
from citypanel.ledger.treatment import stated_treated_rows, treated_rows


def constant(cells: Cells, claims: Claims) -> list[Finding]:
    """12. Constant = mean of the outcome less the slopes times the means, else the base category of the dummies."""
    means = {moments.variable: moments for moments in moments_of(cells)}
    return [
        _constant(column, claims, means)
        for column in columns_of(cells)
        if column.constant and column.slopes and is_plain(column) and not column.hides_controls
    ]


def _constant(column: Column, claims: Claims, means: dict[str, Moments]) -> Finding:
    judge, printed = Judge("constant"), column.constant
    if printed is None:
        return judge.missing(column.place, "means")
    place, outcome = column.at(printed.name), column.outcome or claims.word("outcome", column.table, column.label)
    names = [outcome, *(term.name for term in column.slopes)]
    known = [means[name] for name in names if name in means and means[name].n in (None, column.n)]
    averages = [average for moments in known if (average := moments.interval("mean")) is not None]
    if len(averages) < len(names):
        return judge.missing(place, "means", printed=printed.coef.text)
    computed = averages[0]
    for term, average in zip(column.slopes, averages[1:], strict=True):
        computed = computed - term.b * average
    common = {
        "printed": printed.coef.text,
        "computed": computed,
        "inputs": (printed.coef, *(t.coef for t in column.slopes)),
    }
    if computed.meets(printed.b):
        return judge("consistent", place, "means", **common, infers=(("constant", "at the means"),))
    if any(column.effects.values()):
        return judge(
            "only if", place, "base", condition="base_category", **common, infers=(("constant", "base category"),)
        )
    return judge("only if", place, "sample", condition="other_means", **common)


def dummy_moments(cells: Cells, claims: Claims) -> list[Finding]:
    """13. One dummy, pooled: N/n1 = (se of the dummy / se of the constant) squared."""
    judge, found = Judge("dummy_moments"), []
    dummies = {claim.row for claim in claims.of("form") if claim.value.strip().lower() == "dummy"}
    for column in columns_of(cells):
        if len(column.slopes) != 1 or column.slopes[0].name not in dummies or not column.constant or not column.n:
            continue
        if column.hides_controls or not is_plain(column):
            continue
        term, place = column.slopes[0], column.at(column.slopes[0].name)
        rows = treated_rows(cells, claims, column)
        stated = stated_treated_rows(claims)
        printed = f"{term.coef.text}, {column.constant.coef.text}"
        inputs = (*term.inputs, *column.constant.inputs, column.stats["n"])
        if rows is None:
            found.append(judge.missing(place, "se", printed=printed, inputs=inputs))
            continue
        fits = [name for name, value in stated.items() if value.meets(rows)]
        values = {"rows": str(rows), "stated": "; ".join(f"{n} {v}" for n, v in stated.items()) or "-", "n": column.n}
        common = {"printed": printed, "computed": rows, "inputs": inputs}
        if any(column.effects.values()):
            condition = (
                "pooled_window" if "window" in fits else "pooled_absorbing" if "absorbing" in fits else "pooled_rows"
            )
            found.append(judge("only if", place, "rows", condition=condition, **common, **values))
        elif not stated:
            found.append(judge.missing(place, "treated_rows", **common))
        elif fits:
            found.append(judge("consistent", place, "rows", **common, **values))
        else:
            found.append(judge("only if", place, "rows", condition="pooled_rows", **common, **values))
    return found
