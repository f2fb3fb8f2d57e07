"""Section E: spatial tables."""

import math
import re
from collections.abc import Sequence

from scipy.special import ndtr, ndtri

from citypanel.ledger import labels
from citypanel.ledger.claims import Claims
from citypanel.ledger.findings import Finding, Judge, Place
from citypanel.ledger.interval import Interval, shown
from citypanel.ledger.layout import Cells, Column, SpatialEffects, columns_of, spatial_effects_of
from citypanel.ledger.printed import Cell
from citypanel.ledger.samples import known_tables
from citypanel.ledger.significance import band, chi2_p, earns, levels_of, t_of, uses_stars

_DRAWS = 1000  # the usual number of draws behind simulated effects
_LIKELY = 1e-3  # expected draws outside the stable region below which they explain nothing
_SPREADS = (0.0, 0.05, 0.1)  # the standard error of I differs a little between years under randomisation


def _lm_cells(cells: Cells) -> dict[tuple[str, str, str], dict[str, Cell]]:
    groups: dict[tuple[str, str, str], dict[str, Cell]] = {}
    for cell in cells:
        kind = labels.lm_test(cell.row)
        if kind and cell.number and cell.statistic in ("chi2", "stat", "value"):
            groups.setdefault((cell.study, cell.table, cell.column), {})[kind] = cell
    return groups


def lm_identity(cells: Cells, claims: Claims) -> list[Finding]:
    """27. LM_err + RLM_lag = LM_lag + RLM_err, and stars from chi-squared with one degree of freedom."""
    judge, found = Judge("lm_identity"), []
    for (study, table, column), tests in _lm_cells(cells).items():
        place, levels = Place(study, table, column, ""), levels_of(cells, claims, table)
        if len(tests) == 4:
            left = tests["lm_error"].interval + tests["rlm_lag"].interval
            right = tests["lm_lag"].interval + tests["rlm_error"].interval
            printed = ", ".join(f"{name} {cell.text}" for name, cell in tests.items())
            verdict = "consistent" if left.meets(right) else "inconsistent"
            found.append(
                judge(
                    verdict,
                    place,
                    "sums",
                    printed=printed,
                    computed=left,
                    inputs=tests.values(),
                    left=left,
                    right=right,
                )
            )
        else:
            found.append(judge.missing(place, "four", inputs=tests.values()))
        if uses_stars(cells, claims, table):
            found.extend(_lm_cell(judge, cell, levels) for cell in tests.values())
    return found


def _lm_cell(judge: Judge, cell: Cell, levels: Sequence[float]) -> Finding:
    """Return whether one statistic is possible and has the stars of chi-squared(1)."""
    p = chi2_p(cell.interval)
    common = {"printed": cell.printed, "inputs": (cell,)}
    if cell.interval.hi < 0:
        return judge("inconsistent", cell.place, "negative", computed=Interval(0, math.inf), **common)
    if cell.stars is None or cell.stars > len(levels):
        return judge.missing(cell.place, "reading", computed=p, **common)
    verdict = "consistent" if earns(p, cell.stars, levels) else "inconsistent"
    return judge(verdict, cell.place, "stars", computed=p, band=band(cell.stars, levels), **common)


def effects_sum(cells: Cells, _claims: Claims) -> list[Finding]:
    """28. Direct + indirect = total."""
    judge, found = Judge("effects_sum"), []
    for effects in spatial_effects_of(cells):
        place = effects.column.at(effects.term.name if effects.term else "effects")
        direct, indirect, total = (effects.interval(kind) for kind in ("direct", "indirect", "total"))
        if direct is None or indirect is None or total is None:
            found.append(judge.missing(place, "three", inputs=effects.effects.values()))
            continue
        computed = direct + indirect
        verdict = "consistent" if computed.meets(total) else "inconsistent"
        printed = effects.effects["total"].text
        found.append(judge(verdict, place, "sum", printed=printed, computed=computed, inputs=effects.effects.values()))
    return found


def _rho(column: Column) -> Cell | None:
    return next((t.coef for t in column.terms if re.search(r"rho|ρ|空间.*系数", t.name, re.IGNORECASE)), None)


def _unstable(cells: Cells, claims: Claims, column: Column) -> float | None:
    """Return the probability that a normal draw of rho leaves (-1, 1), from rho and its z."""
    rho = _rho(column)
    term = column.term(rho.row) if rho else None
    t = t_of(cells, claims, column, term) if term else None
    if rho is None or rho.number is None or t is None or t.middle == 0:
        return None
    se = abs(rho.number.value / t.middle)
    return float(ndtr(-(1 - rho.number.value) / se) + ndtr((-1 - rho.number.value) / se)) if se else 0.0


def _lagged_regressor(column: Column, name: str) -> Interval | None:
    pattern = rf"(W\s*[.*x×_]?\s*{re.escape(name)}|Wx[:_]?{re.escape(name)})"
    return next((t.b for t in column.terms if re.fullmatch(pattern, t.name, re.IGNORECASE)), None)


def effects_total(cells: Cells, claims: Claims) -> list[Finding]:
    """29. With row-standardised W the total effect is (b + theta)/(1 - rho); theta is zero in a lag model."""
    judge, found = Judge("effects_total"), []
    for effects in spatial_effects_of(cells):
        column, term, total = effects.column, effects.term, effects.interval("total")
        place, rho = column.at(term.name if term else "effects"), _rho(column)
        if total is None:
            continue
        printed = effects.effects["total"].text
        if term is None or rho is None:
            found.append(judge.missing(place, "b_rho", printed=printed, inputs=effects.effects.values()))
            continue
        theta = _lagged_regressor(column, term.name)
        if theta is None and re.search(r"sdm|durbin|杜宾", column.label, re.IGNORECASE):
            found.append(judge.missing(place, "theta", printed=printed, inputs=effects.effects.values()))
            continue
        computed = (term.b + (theta or 0.0)) / (1.0 - rho.interval)
        common = {"printed": printed, "computed": computed, "inputs": (term.coef, rho, effects.effects["total"])}
        if not computed.bounded:
            found.append(judge.missing(place, "narrow", **common))
        elif computed.meets(total):
            found.append(judge("consistent", place, "holds", **common, infers=(("W", "row-standardised"),)))
        else:
            found.append(_other_total(cells, claims, effects, place, common))
    return found


def _other_total(
    cells: Cells, claims: Claims, effects: SpatialEffects, place: Place, common: dict[str, object]
) -> Finding:
    judge, column = Judge("effects_total"), effects.column
    probability = _unstable(cells, claims, column)
    values = {"probability": "-" if probability is None else shown(probability), "draws": _DRAWS}
    standardised = re.search(r"row|yes|行", claims.says("w", column.table, column.label))
    analytic = "delta" in claims.says("effects_method", column.table, column.label)
    if standardised and analytic:
        return judge("inconsistent", place, "never", **common, **values)
    condition = "simulation" if standardised else "other_w" if analytic else "other_w_or_simulation"
    infers = (("W", "not row-standardised"), ("effects", "simulation means"))
    return judge("only if", place, "differs", condition=condition, infers=infers, **common, **values)


def effects_sign(cells: Cells, claims: Claims) -> list[Finding]:
    """30. In a stable lag model with W >= 0 and rho > 0 spillovers have the sign of b and direct effects exceed b."""
    judge, found = Judge("effects_sign"), []
    for column in columns_of(cells):
        rho = _rho(column)
        if rho and "row" in claims.says("w", column.table, column.label) and rho.interval.lo >= 1:
            found.append(
                judge("inconsistent", rho.place, "rho", printed=rho.text, computed=Interval(-1, 1), inputs=(rho,))
            )
    for effects in spatial_effects_of(cells):
        column, term, rho = effects.column, effects.term, _rho(effects.column)
        place = column.at(term.name if term else "effects")
        direct, indirect = effects.interval("direct"), effects.interval("indirect")
        lagged = term is not None and _lagged_regressor(column, term.name) is not None
        if term is None or rho is None or direct is None or indirect is None or lagged:
            found.append(judge.missing(place, "b_rho", inputs=effects.effects.values()))
            continue
        if not rho.interval.lo > 0 or rho.interval.hi >= 1 or term.b.lo <= 0 <= term.b.hi:
            found.append(judge.missing(place, "stable", inputs=(term.coef, rho)))
            continue
        sign = 1.0 if term.b.lo > 0 else -1.0
        wrong = [
            effects.effects[kind]
            for kind, value, least in (("indirect", indirect * sign, 0.0), ("direct", direct * sign, term.b * sign))
            if value.below(least)
        ]
        found.append(
            _signs(
                effects,
                place,
                wrong=wrong,
                inputs=(term.coef, rho, *effects.effects.values()),
                cells=cells,
                claims=claims,
            )
        )
    return found


def _signs(
    effects: SpatialEffects, place: Place, *, wrong: list[Cell], inputs: Sequence[Cell], cells: Cells, claims: Claims
) -> Finding:
    judge, column = Judge("effects_sign"), effects.column
    printed = ", ".join(f"{kind} {cell.text}" for kind, cell in effects.effects.items())
    if not wrong:
        return judge("consistent", place, "holds", printed=printed, inputs=inputs)
    probability = _unstable(cells, claims, column)
    values = {
        "wrong": ", ".join(f"{cell.row} {cell.text}" for cell in wrong),
        "probability": "-" if probability is None else shown(probability),
        "draws": _DRAWS,
    }
    analytic = "delta" in claims.says("effects_method", column.table, column.label)
    stable = probability is not None and probability * _DRAWS < _LIKELY
    common = {"printed": printed, "inputs": inputs, "computed": Interval(0.0, math.inf)}
    if analytic or stable:
        return judge("inconsistent", place, "never", **common, **values)
    infers = (("effects", "simulation means"),)
    return judge("only if", place, "differs", condition="unstable_draws", infers=infers, **common, **values)


def sigma2_z(cells: Cells, claims: Claims) -> list[Finding]:
    """31. z of sigma squared is at most sqrt(NT/2), or sqrt(N(T - 1)/2) with the correction of Lee and Yu."""
    judge, found = Judge("sigma2_z"), []
    for column in columns_of(cells):
        term = next((t for t in column.terms if re.search(r"sigma|variance|σ", t.name, re.IGNORECASE)), None)
        z = t_of(cells, claims, column, term) if term else None
        if term is None or z is None:
            continue
        place, n = column.at(term.name), column.n
        units = column.count("units") or claims.whole("units", column.table)
        common: dict[str, object] = {
            "printed": f"{term.coef.text} ({', '.join(c.text for c in term.beside.values())})",
            "inputs": term.inputs,
        }
        if not n:
            found.append(judge.missing(place, "n", **common))
            continue
        most = math.sqrt(n / 2)
        corrected = math.sqrt((n - units) / 2) if units and n > units else None
        values = {
            "n": n,
            "least": math.ceil(2 * z.lo**2),
            "corrected": "-" if corrected is None else shown(corrected),
            "z": z,
        }
        common["computed"] = Interval(0.0, most)
        leeyu = claims.says("leeyu", column.table) == "yes"
        if z.lo > most * (1 + 1e-9):
            found.append(judge("inconsistent", place, "over", **common, **values))
        elif leeyu and corrected is not None and z.lo > corrected:
            found.append(judge("only if", place, "plain", condition="no_leeyu", **common, **values))
        elif corrected is not None and z.lo > corrected:
            found.append(judge("consistent", place, "not_leeyu", **common, **values, infers=(("leeyu", "no"),)))
        else:
            found.append(judge("consistent", place, "fits", **common, **values))
    return found


def moran_years(cells: Cells, claims: Claims) -> list[Finding]:
    """32. One standard error per weight matrix must reproduce the stars of all years."""
    judge, found = Judge("moran_years"), []
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        if cell.statistic == "moran_I" and cell.number and cell.stars is not None:
            groups.setdefault((cell.study, cell.table, cell.column), []).append(cell)
    for (study, table, column), group in groups.items():
        place, units = Place(study, table, column, ""), claims.whole("units", table)
        if units is None:
            units = next((u for c in columns_of(cells) if (u := c.count("units"))), None)
        printed = ", ".join(f"{cell.row} {cell.printed}" for cell in group)
        if units is None or len(group) < 2:
            found.append(judge.missing(place, "units", printed=printed, inputs=group))
            continue
        levels = levels_of(cells, claims, table)
        sides = {side: _standard_errors(group, units, levels, side) for side in ("two", "one")}
        found.append(_years(judge, place, printed, group, sides))
    return found


def _standard_errors(group: Sequence[Cell], units: int, levels: Sequence[float], side: str) -> tuple[float, float]:
    """Return (largest lower bound, smallest upper bound) of the standard error that gives each year's stars."""
    low, high = 0.0, math.inf
    for cell in group:
        stars = cell.stars or 0
        distance = abs(cell.interval + 1 / (units - 1)) if side == "two" else cell.interval + 1 / (units - 1)
        tail = 2 if side == "two" else 1
        if stars:
            high = min(high, distance.hi / -float(ndtri(levels[stars - 1] / tail)))
        if stars < len(levels):
            low = max(low, distance.lo / -float(ndtri(levels[stars] / tail)))
    return low, high


def _years(
    judge: Judge, place: Place, printed: str, group: Sequence[Cell], sides: dict[str, tuple[float, float]]
) -> Finding:
    values = {f"{side}_sided": f"[{shown(low)}, {shown(high)}]" for side, (low, high) in sides.items()}
    for spread in _SPREADS:
        for side in ("two", "one"):
            low, high = sides[side]
            if low <= high * (1 + spread) * (1 + 1e-9) and high > 0:
                computed = Interval(min(low, high), max(low, high))
                common = {"printed": printed, "computed": computed, "inputs": group, **values}
                if side == "two" and not spread:
                    return judge("consistent", place, "two", **common)
                condition = "one_sided" if not spread else "spread" if side == "two" else "one_sided_spread"
                infers = (("side", side),)
                return judge(
                    "only if", place, side, condition=condition, infers=infers, spread=f"{spread:.0%}", **common
                )
    low, high = sides["two"]
    return judge("inconsistent", place, "none", printed=printed, computed=Interval(high, low), inputs=group, **values)


def ladder_of_tests(cells: Cells, claims: Claims) -> list[Finding]:
    """33. Tests named in the text have a table; LR >= 0; the model chosen is the one tests point to; labels fit."""
    judge, found = Judge("test_ladder"), []
    for column in columns_of(cells):
        lr = column.cell("lr")
        if lr and lr.interval.hi < 0:
            found.append(
                judge(
                    "inconsistent",
                    column.at("lr"),
                    "negative",
                    printed=lr.text,
                    computed=Interval(0, math.inf),
                    inputs=(lr,),
                )
            )
        error = re.search(r"\bsem\b|spatial error|误差", column.label, re.IGNORECASE)
        lag = re.search(r"\bsar\b|spatial lag|滞后模型", column.label, re.IGNORECASE)
        for term in column.terms:
            wrong = (error and re.search(r"\brho\b|ρ", term.name, re.IGNORECASE)) or (
                lag and re.search(r"lambda|λ", term.name, re.IGNORECASE)
            )
            if wrong:
                name = "lambda" if error else "rho"
                found.append(
                    judge("warning", column.at(term.name), "label", printed=term.name, inputs=(term.coef,), right=name)
                )
    known = known_tables(cells, claims)
    for kind in ("test", "model"):
        for claim in claims.of(kind):
            shown_in = claim.value.lower().removeprefix("table").strip()
            place = Place(claim.study, claim.table, "", claim.row)
            there = bool(shown_in) and (shown_in in known or any(c.value == claim.value for c in claims.of("exists")))
            verdict, key = ("consistent", "shown") if there else ("inconsistent", f"{kind}_missing")
            found.append(judge(verdict, place, key, printed=claim.value, inputs=[claim], named=claim.row))
    return found + _chosen(cells, claims)


def _chosen(cells: Cells, claims: Claims) -> list[Finding]:
    """Return whether the model chosen for each weight matrix is the one that the LM tests point to."""
    judge, found = Judge("test_ladder"), []
    for (study, table, column), tests in _lm_cells(cells).items():
        claim = next((c for c in claims.of("model_chosen") if c.column in ("", column)), None)
        if claim is None or not {"lm_lag", "lm_error"} <= set(tests):
            continue
        significant = {name: (chi2_p(cell.interval).hi < 0.1) for name, cell in tests.items()}
        lag, error = significant["lm_lag"], significant["lm_error"]
        if lag and error:
            lag, error = significant.get("rlm_lag", True), significant.get("rlm_error", True)
        points = [name for name, yes in (("SAR", lag), ("SEM", error)) if yes] or ["OLS"]
        chosen = [name for name in re.split(r"[;,|/+ ]+", claim.value.upper()) if name]
        fits = set(chosen) <= set(points) or "SDM" in chosen
        verdict, key = ("consistent", "chosen") if fits else ("warning", "other_model")
        found.append(
            judge(
                verdict,
                Place(study, table, column, ""),
                key,
                printed=" + ".join(chosen),
                inputs=[*tests.values(), claim],
                points=" + ".join(points),
            )
        )
    return found
