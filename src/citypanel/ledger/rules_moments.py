"""Section D: descriptive tables and correlation matrices."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.special import stdtrit

from citypanel.ledger.claims import Claims
from citypanel.ledger.findings import Finding, Judge, Place
from citypanel.ledger.interval import Interval, shown
from citypanel.ledger.layout import Cells, Column, Correlations, Moments, Term, columns_of, correlations_of, moments_of
from citypanel.ledger.moments import Box, inflation, largest_smallest_eigenvalue, least_squares, propagate
from citypanel.ledger.printed import Cell
from citypanel.ledger.samples import has_own_sample, is_plain
from citypanel.ledger.significance import LEVELS, earns, p_interval, se_of, stated_levels

_UNITS = (("1", 1.0), ("10^4", 1e4), ("10^8", 1e8))


def moments(cells: Cells, _claims: Claims) -> list[Finding]:
    """21. Order of the moments; |mean - median| <= sd; sd^2 <= (max - mean)(mean - min) N/(N - 1)."""
    found = []
    for variable in moments_of(cells):
        broken = [finding for finding in _bounds(variable) if finding is not None]
        judge, inputs = Judge("moments"), tuple(variable.cells.values())
        if broken:
            found.extend(broken)
        elif {"mean", "sd"} & set(variable.cells) and len(set(variable.cells) - {"n"}) > 1:
            found.append(judge("consistent", variable.place, "holds", printed=_texts(variable), inputs=inputs))
        else:
            found.append(judge.missing(variable.place, "moments", printed=_texts(variable), inputs=inputs))
    return found


def _texts(variable: Moments) -> str:
    return ", ".join(f"{name} {cell.text}" for name, cell in variable.cells.items())


def _bounds(variable: Moments) -> list[Finding | None]:
    order = [name for name in ("min", "p25", "median", "p75", "max") if variable.interval(name)]
    pairs = [*pairwise(order), ("min", "mean"), ("mean", "max"), ("min", "max")]
    found: list[Finding | None] = []
    for low, high in pairs:
        small, large = variable.interval(low), variable.interval(high)
        if small and large and small.above(large):
            found.append(_broken(variable, (low, high), "order", large, low=low, high=high))
    mean, sd = variable.interval("mean"), variable.interval("sd")
    if sd is None:
        return found
    if sd.hi < 0:
        found.append(_broken(variable, ("sd",), "negative", Interval(0.0, math.inf)))
    if mean is None:
        return found
    median, low_end, high_end = (variable.interval(name) for name in ("median", "min", "max"))
    if median and abs(mean - median).lo > sd.hi and not abs(mean - median).meets(sd):
        found.append(_broken(variable, ("mean", "median", "sd"), "median", abs(mean - median)))
    if low_end and high_end:
        n = variable.n
        factor = n / (n - 1) if n and n > 1 else 2.0
        room = Interval(0.0, max(high_end.hi - mean.lo, 0.0)) * Interval(0.0, max(mean.hi - low_end.lo, 0.0)) * factor
        if sd.squared().above(room):
            found.append(_broken(variable, ("sd", "mean", "min", "max"), "sd", room.root()))
    return found


def _broken(variable: Moments, names: Sequence[str], key: str, computed: Interval, **values: str) -> Finding:
    cells = [variable.cells[name] for name in names]
    printed = ", ".join(f"{name} {cell.text}" for name, cell in zip(names, cells, strict=True))
    return Judge("moments")(
        "inconsistent", variable.place, key, printed=printed, computed=computed, inputs=cells, **values
    )


def units(cells: Cells, claims: Claims) -> list[Finding]:
    """22. A log or a share has a possible range; the mean of a log implies a level."""
    judge, found = Judge("units"), []
    tables = {variable.variable: variable for variable in moments_of(cells)}
    for claim in claims.of("form"):
        form, variable = claim.value.strip().lower(), tables.get(claim.row)
        if variable is None or variable.interval("mean") is None:
            found.append(judge.missing(Place(claim.study, claim.table, "", claim.row), "descriptives", inputs=[claim]))
            continue
        low = variable.interval("min") or variable.interval("mean")
        high = variable.interval("max") or variable.interval("mean")
        mean = variable.interval("mean")
        if low is None or high is None or mean is None:
            continue
        common = {"printed": _texts(variable), "inputs": (*variable.cells.values(), claim)}
        if form == "log":
            level = mean.rising(lambda x: math.exp(min(x, 700)))
            spread = Interval(math.exp(min(low.lo, 700)), math.exp(min(high.hi, 700)))
            candidates = ", ".join(f"{shown(level.middle * factor)} (x {name})" for name, factor in _UNITS)
            verdict, key = ("warning", "huge") if high.hi > 40 else ("consistent", "log")
            found.append(
                judge(verdict, variable.place, key, computed=level, **common, levels=candidates, spread=spread)
            )
        elif form in ("share", "dummy"):
            inside = low.hi >= 0 and high.lo <= 1
            verdict, key = ("consistent", "share") if inside else ("warning", "outside")
            found.append(judge(verdict, variable.place, key, computed=Interval(0, 1), **common))
        elif form == "ratio":
            verdict, key = ("consistent", "ratio") if low.hi >= 0 else ("warning", "negative")
            found.append(judge(verdict, variable.place, key, computed=Interval(0, math.inf), **common))
        elif form == "level" and mean.lo > 0 and high.hi < 40 and high.hi - low.lo < 6 and mean.lo > 8:
            level = mean.rising(math.exp)
            found.append(judge("warning", variable.place, "looks_log", computed=level, **common))
        else:
            found.append(judge("consistent", variable.place, "level", computed=mean, **common))
    return found


def r_stars(cells: Cells, claims: Claims) -> list[Finding]:
    """23. Stars of correlations against the critical value of t(N - 2)."""
    judge, found = Judge("r_stars"), []
    for matrix in correlations_of(cells):
        n = _rows_of(cells, claims, matrix)
        stated = stated_levels(cells, claims, matrix.place.table)
        pairs = [group[0] for (one, two), group in matrix.cells.items() if group[0].row == one and one != two]
        starred = [cell.stars or 0 for cell in pairs]
        if n is None or n < 4 or not any(starred):
            found.append(judge.missing(matrix.place, "n_stars"))
            continue
        candidates = [stated] if stated else [LEVELS] if max(starred) > 1 else [(level,) for level in (0.05, 0.1, 0.01)]
        best = min(candidates, key=lambda levels: sum(not _earned(cell, n, levels) for cell in pairs))
        for cell in pairs:
            if cell.stars is None:
                continue
            p = p_interval(_t_of_r(cell.interval, n), n - 2)
            verdict = "consistent" if earns(p, cell.stars, best) else "inconsistent"
            critical = ", ".join(f"{shown(_critical(level, n))} at {level:g}" for level in best)
            found.append(
                judge(
                    verdict,
                    cell.place,
                    "stars",
                    printed=cell.printed,
                    computed=p,
                    inputs=(cell, f"N = {n}"),
                    critical=critical,
                )
            )
    return found


def _t_of_r(r: Interval, n: int) -> Interval:
    inside = Interval(max(r.lo, -0.999999999), min(r.hi, 0.999999999))
    return inside.rising(lambda x: x * math.sqrt((n - 2) / (1 - x * x)))


def _earned(cell: object, n: int, levels: Sequence[float]) -> bool:
    return earns(p_interval(_t_of_r(cell.interval, n), n - 2), cell.stars or 0, levels)  # type: ignore[attr-defined]


def _critical(level: float, n: int) -> float:
    t = -float(stdtrit(n - 2, level / 2))
    return t / math.sqrt(n - 2 + t * t)


def _rows_of(cells: Cells, claims: Claims, matrix: Correlations) -> int | None:
    """Return the rows behind a matrix: those of the descriptive table of the same variables, or stated ones."""
    sizes = {variable.n for variable in moments_of(cells) if variable.variable in matrix.variables and variable.n}
    if len(sizes) == 1:
        return sizes.pop()
    return claims.whole("full", matrix.place.table)


def _square(matrix: Correlations, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return middles and half-widths of a matrix, or None where a pair is not printed."""
    size = len(names)
    middle, half = np.eye(size), np.zeros((size, size))
    for row in range(size):
        for column in range(row):
            r = matrix.between(names[row], names[column])
            if r is None:
                return None
            middle[row, column] = middle[column, row] = r.middle
            half[row, column] = half[column, row] = r.width / 2
    return middle, half


def psd(cells: Cells, _claims: Claims) -> list[Finding]:
    """24. A correlation matrix is symmetric, has a unit diagonal and no negative eigenvalue beyond rounding."""
    judge, found = Judge("psd"), []
    for matrix in correlations_of(cells):
        inputs = [
            f"{len({c for group in matrix.cells.values() for c in group})} correlations of table {matrix.place.table}"
        ]
        for (one, two), group in matrix.cells.items():
            place = Place(matrix.place.study, matrix.place.table, two, one)
            if not group[0].interval.meets(Interval(-1, 1)):
                found.append(
                    judge("inconsistent", place, "range", printed=group[0].text, computed=Interval(-1, 1), inputs=group)
                )
            if one == two and not group[0].interval.meets(1.0):
                found.append(
                    judge(
                        "inconsistent", place, "diagonal", printed=group[0].text, computed=Interval(1, 1), inputs=group
                    )
                )
            if one < two and len(group) > 1 and not group[0].interval.meets(group[1].interval):
                printed = ", ".join(cell.text for cell in group)
                found.append(
                    judge(
                        "inconsistent", place, "asymmetric", printed=printed, computed=group[1].interval, inputs=group
                    )
                )
        square = _square(matrix, matrix.variables)
        if square is None or len(matrix.variables) < 3:
            found.append(judge.missing(matrix.place, "matrix", inputs=inputs))
            continue
        bound = largest_smallest_eigenvalue(*square)
        verdict, key = ("inconsistent", "negative") if bound.hi < -1e-12 else ("consistent", "holds")
        smallest = shown(float(np.linalg.eigvalsh(square[0])[0]))
        found.append(judge(verdict, matrix.place, key, computed=bound, inputs=inputs, smallest=smallest))
    return found


def _regressors(matrix: Correlations, cells: Cells, claims: Claims) -> tuple[str, tuple[str, ...]]:
    """Return the outcome and the regressors of a matrix: the stated or printed outcome, else the first variable."""
    named = {column.outcome for column in columns_of(cells)} | {claim.value for claim in claims.of("outcome")}
    outcome = next((name for name in matrix.variables if name in named), matrix.variables[0])
    return outcome, tuple(name for name in matrix.variables if name != outcome)


def vif(cells: Cells, claims: Claims) -> list[Finding]:
    """25. Variance inflation factors of a correlation matrix against a stated bound."""
    judge, found = Judge("vif"), []
    for matrix in correlations_of(cells):
        _, names = _regressors(matrix, cells, claims)
        square = _square(matrix, names)
        if square is None or len(names) < 2:
            found.append(judge.missing(matrix.place, "matrix"))
            continue
        rows, columns = np.tril_indices(len(names), -1)
        box = Box(square[0][rows, columns], square[1][rows, columns])
        definite = np.linalg.eigvalsh(square[0])[0] > 0
        factors = propagate(partial(inflation, size=len(names)), box) if definite else [Interval.line()]
        if not factors[-1].bounded:
            found.append(judge.missing(matrix.place, "definite"))
            continue
        mean = factors[-1]
        found.extend(
            _factor(matrix, names, name, (factor, mean), claims) for name, factor in zip(names, factors, strict=False)
        )
    return found


def _factor(
    matrix: Correlations, names: Sequence[str], name: str, factors: tuple[Interval, Interval], claims: Claims
) -> Finding:
    """Judge one variance inflation factor, beside their mean, against a stated bound."""
    judge, place = Judge("vif"), Place(matrix.place.study, matrix.place.table, "VIF", name)
    bound, claim = claims.number("vif_below", matrix.place.table), claims.one("vif_below", matrix.place.table)
    pair, least = _strongest(matrix, name, names)
    common: dict[str, object] = {
        "computed": factors[0],
        "inputs": [f"{len(names)} regressors of table {matrix.place.table}", *([claim] if claim else [])],
        "mean": factors[1],
        "pair": pair,
        "least": shown(least),
    }
    if bound is None:
        return judge("consistent", place, "computed", **common)
    common |= {"printed": f"< {shown(bound)}", "bound": shown(bound)}
    if factors[0].lo < bound:
        return judge("consistent", place, "below", **common)
    if factors[1].lo < bound:
        return judge("only if", place, "above", condition="mean", **common)
    return judge("inconsistent", place, "above", **common)


def _strongest(matrix: Correlations, name: str, names: Sequence[str]) -> tuple[str, float]:
    """Return the regressor most correlated with one, and the least VIF that this pair alone implies."""
    pairs = [(other, r) for other in names if other != name and (r := matrix.between(name, other)) is not None]
    other, r = max(pairs, key=lambda pair: abs(pair[1]).lo)
    size = min(abs(r).lo, 0.999999)
    return f"{name}-{other} {shown(r.middle)}", 1 / (1 - size * size)


def ols_from_moments(cells: Cells, claims: Claims) -> list[Finding]:
    """26. Pooled OLS from correlations, standard deviations and means against a column without effects."""
    judge, found = Judge("ols_from_moments"), []
    tables = {variable.variable: variable for variable in moments_of(cells)}
    for matrix in correlations_of(cells):
        for column in columns_of(cells):
            names = [term.name for term in column.slopes]
            outcome = _outcome(column, claims, [name for name in matrix.variables if name not in names])
            plain = is_plain(column) and not has_own_sample(column, claims) and not any(column.effects.values())
            if not plain or not names or column.hides_controls or not {outcome, *names} <= set(matrix.variables):
                continue
            square, known = _square(matrix, [outcome, *names]), [tables.get(name) for name in (outcome, *names)]
            if square is None or any(
                v is None or v.interval("sd") is None or v.n not in (None, column.n) for v in known
            ):
                found.append(judge.missing(column.place, "sds"))
            elif not column.n or column.n <= len(names) + 1 or np.linalg.eigvalsh(square[0])[0] <= 0:
                found.append(judge.missing(column.place, "definite"))
            else:
                deviations = [v.interval("sd") for v in known if v]
                found.extend(_refitted(cells, claims, column, square, [d for d in deviations if d]))
        if not found:
            found.append(judge.missing(matrix.place, "pooled"))
    return found


def _outcome(column: Column, claims: Claims, rest: Sequence[str]) -> str:
    """Return the outcome of a column: printed, stated, or the only variable of the matrix that is no regressor."""
    stated = column.outcome or claims.word("outcome", column.table, column.label)
    return stated or (rest[0] if len(rest) == 1 else "")


def _refitted(
    cells: Cells, claims: Claims, column: Column, square: tuple[np.ndarray, np.ndarray], deviations: list[Interval]
) -> list[Finding]:
    judge, size, n = Judge("ols_from_moments"), len(column.slopes), column.n or 0
    rows, columns = np.tril_indices(size + 1, -1)
    sds = Box.of(deviations)
    box = Box(np.r_[square[0][rows, columns], sds.middle], np.r_[square[1][rows, columns], sds.half])
    results = propagate(partial(least_squares, size=size, n=n), box)
    if not all(result.bounded for result in results[: size + 1]):
        return [judge.missing(column.place, "definite")]
    slopes, r2, errors = results[:size], results[size], results[size + 1 :]
    source = [f"correlations and standard deviations of {size + 1} variables, N = {n}"]
    found = []
    # A column that says neither effects nor outcome is known by its other numbers, or it is not known.
    agreeing = sum(slope.meets(term.b) for term, slope in zip(column.slopes, slopes, strict=True))
    r2_agrees = column.cell("r2") is not None and column.stats["r2"].interval.meets(r2)
    said = bool(column.effects) and bool(column.outcome or claims.word("outcome", column.table, column.label))
    sure = said or (r2_agrees and agreeing >= max(2, size / 2))
    for term, slope, error in zip(column.slopes, slopes, errors, strict=True):
        found.append(_against(column, term.coef, slope, source, sure=sure))
        se = se_of(cells, claims, column, term)
        if se is not None and error.lo > 0:
            found.append(_variance(judge, column, term, (se, error), source))
    if column.cell("r2"):
        found.append(_against(column, column.stats["r2"], r2, source, sure=said))
    return found


def _against(column: Column, cell: Cell, computed: Interval, source: list[str], *, sure: bool) -> Finding:
    """Compare a cell with what the moments give; a column that is silent on effects may have some."""
    judge, place = Judge("ols_from_moments"), column.at(cell.row)
    key = "slope" if cell.statistic == "coef" else "r2"
    common = {"printed": cell.text, "computed": computed, "inputs": [cell, *source]}
    if computed.meets(cell.interval):
        return judge("consistent", place, key, **common)
    if sure:
        return judge("inconsistent", place, key, **common)
    return judge("only if", place, key, condition="unsaid", **common)


def _variance(
    judge: Judge, column: Column, term: Term, errors: tuple[Interval, Interval], source: list[str]
) -> Finding:
    """Return which variance the ratio of the printed to the iid standard error speaks of."""
    ratio = errors[0] / errors[1]
    key, verdict = ("iid", "consistent") if ratio.meets(1.0) else ("not_iid", "only if")
    return judge(
        verdict,
        column.at(term.name),
        key,
        printed=str(errors[0]),
        computed=errors[1],
        condition="" if key == "iid" else key,
        inputs=[*term.inputs, *source],
        ratio=ratio,
        infers=(("vcov", key),),
    )
