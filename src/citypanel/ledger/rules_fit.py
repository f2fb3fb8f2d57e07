"""Section B: fit statistics against each other, the coefficients and the number of rows."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from citypanel.ledger import labels
from citypanel.ledger.claims import Claims
from citypanel.ledger.findings import Finding, Judge
from citypanel.ledger.interval import Interval, shown
from citypanel.ledger.layout import Cells, Column, columns_of, tables_of
from citypanel.ledger.samples import IMPLIED, has_own_sample, is_plain, with_sizes
from citypanel.ledger.significance import t_of

_BIG_RISE = 0.5


class Dummies(NamedTuple):
    """A way of counting parameters: a convention's key, the parameters besides the slopes, rows lost to demeaning."""

    key: str
    extra: int
    within: bool = False


def _sizes(column: Column, claims: Claims) -> tuple[int | None, int | None]:
    """Return the numbers of units and periods of a column's sample."""
    units = column.count("units") or claims.whole("units", column.table)
    return units, claims.periods


def _countings(column: Column, claims: Claims) -> Iterator[Dummies]:
    """Yield the ways to count the parameters of a column, the one its effect rows ask for first."""
    units, periods = _sizes(column, claims)
    effects = column.effects
    unit = effects.get("unit", False) or effects.get("other", False)
    time = effects.get("time", False)
    ways: dict[str, Dummies] = {"none": Dummies("k_none", 1)}
    if periods:
        ways["time"] = Dummies("k_time", periods)
    if units:
        ways["unit"] = Dummies("k_unit", units)
    if units and periods:
        ways["both"] = Dummies("k_both", units + periods - 1)
    asked = "both" if unit and time else "unit" if unit else "time" if time else "none"
    if asked in ways:
        yield ways.pop(asked)
    else:
        # a number is not stated: the way that the column asks for cannot be counted
        yield Dummies("k_unknown", 0)
    yield from ways.values()
    if units and unit:
        yield Dummies("k_within", units, within=True)
        if periods and time:
            yield Dummies("k_within", units + periods - 1, within=True)


def adj_r2(cells: Cells, claims: Claims) -> list[Finding]:
    """7. Adjusted R2 = 1 - (1 - R2)(N - 1)/(N - K): the K that fits says which dummies are counted."""
    sized = with_sizes(cells, claims)
    return [_adjusted(column, sized) for column in columns_of(cells) if column.cell("r2_adj")]


def _adjusted(column: Column, claims: Claims) -> Finding:
    judge, place = Judge("adj_r2"), column.at("r2_adj")
    adjusted, r2, n = column.stats["r2_adj"], column.cell("r2"), column.n
    if r2 is None or n is None:
        return judge.missing(place, "r2_n", printed=adjusted.text)
    slopes = len(column.slopes)
    rest, rest_adjusted = 1.0 - r2.interval, 1.0 - adjusted.interval
    implied = n - rest / rest_adjusted * (n - 1) if rest_adjusted.lo > 0 else Interval.line()
    common: dict[str, Any] = {"printed": adjusted.text, "inputs": (r2, adjusted, column.stats["n"])}
    values: dict[str, Any] = {"k": f"[{shown(implied.lo)}, {shown(implied.hi)}]", "slopes": slopes, "n": n}
    if column.hides_controls:
        possible = implied.hi >= slopes + 1 and implied.lo < n
        key = "hidden" if possible else "never"
        return judge("consistent" if possible else "inconsistent", place, key, computed=implied, **common, **values)
    unknown = next(iter(_countings(column, claims))).key == "k_unknown"
    if unknown and implied.hi >= slopes + 1 and implied.lo < n:
        return judge.missing(place, "units_periods", computed=implied, **common)
    verdict, key, condition, computed, counted = _counted(column, claims, rest, adjusted.interval)
    infers = (("K", condition or key),) if verdict != "inconsistent" else ()
    values["counted"] = counted
    common |= {"computed": computed or implied, "condition": condition, "infers": infers}
    return judge(verdict, place, key, **common, **values)


def _counted(
    column: Column, claims: Claims, rest: Interval, adjusted: Interval
) -> tuple[str, str, str, Interval | None, int]:
    """Return verdict, message, condition, computed interval and K of the first way of counting that fits."""
    n, slopes = column.n or 0, len(column.slopes)
    tried = []
    for index, way in enumerate(_countings(column, claims)):
        computed = None if way.key == "k_unknown" else _adjust(rest, n, slopes, way)
        if computed is not None:
            tried.append(computed)
            if computed.meets(adjusted):
                verdict, key, condition = ("consistent", "holds", "") if index == 0 else ("only if", "other", way.key)
                return verdict, key, condition, computed, slopes + way.extra
    fewer = _fewer_units(column, claims, rest)
    if fewer is not None and fewer.meets(adjusted):
        own = has_own_sample(column, claims)
        verdict, key, condition = ("consistent", "group", "") if own else ("only if", "fewer", "k_fewer")
        return verdict, key, condition, fewer, 0
    if not column.effects:
        n_implied = n - rest / (1.0 - adjusted) * (n - 1) if adjusted.hi < 1 else Interval.line()
        if n_implied.hi >= slopes + 1 and n_implied.lo < n:
            return "only if", "unsaid", "k_unsaid", n_implied, 0
    return "inconsistent", "never", "", tried[0] if tried else None, 0


def _fewer_units(column: Column, claims: Claims, rest: Interval) -> Interval | None:
    """Return the adjusted R2 of a column on fewer units than stated: any number that its rows allow."""
    units, periods = _sizes(column, claims)
    effects, n = column.effects, column.n
    if not units or not n or not (effects.get("unit") or effects.get("other")):
        return None
    least = math.ceil(n / periods) if periods else 1
    stated = claims.one("periods")
    # N over units is the number of periods only if the panel is balanced
    most = 3 * periods if periods and stated and stated.place == IMPLIED else periods
    times = (1, most) if effects.get("time") and most else (1, 1)
    ways = [Dummies("", least + times[0] - 1), Dummies("", units + times[1] - 1)]
    ends = [end for way in ways if (end := _adjust(rest, n, len(column.slopes), way)) is not None]
    return Interval(min(end.lo for end in ends), max(end.hi for end in ends)) if ends else None


def _adjust(rest: Interval, n: int, slopes: int, way: Dummies) -> Interval | None:
    """Return the adjusted R2 of one way of counting, or None where no degrees of freedom are left."""
    left = n - slopes - way.extra
    if left <= 0:
        return None
    return 1.0 - rest * ((n - way.extra if way.within else n - 1) / left)


def f_r2(cells: Cells, claims: Claims) -> list[Finding]:
    """8. With iid errors F = (R2/k)/((1 - R2)/(N - K))."""
    judge, found = Judge("f_r2"), []
    claims = with_sizes(cells, claims)
    for column in columns_of(cells):
        f, r2, n = column.cell("f"), column.cell("r2"), column.n
        if f is None or not labels.is_least_squares(column.label):
            continue
        place, slopes = column.at("f"), len(column.slopes)
        if r2 is None or n is None or not slopes or column.hides_controls:
            found.append(judge.missing(place, "r2_n_slopes", printed=f.text))
            continue
        first: Interval | None = None
        fits = ""
        for way in _countings(column, claims):
            dummies = way.extra - 1
            k, left = slopes + (0 if way.within else dummies), n - slopes - way.extra
            if way.key == "k_unknown" or left <= 0:
                continue
            computed = (r2.interval / k) / ((1.0 - r2.interval) / left)
            first = first or computed
            if computed.meets(f.interval):
                first, fits = computed, way.key
                break
        common = {"printed": f.text, "computed": first, "inputs": (f, r2, column.stats["n"]), "slopes": slopes, "n": n}
        if first is None:
            found.append(judge.missing(place, "units_periods", printed=f.text))
        elif fits:
            found.append(judge("consistent", place, fits, **common, infers=(("vcov", "iid"), ("K", fits))))
        else:
            found.append(
                judge("only if", place, "wald", condition="wald", **common, infers=(("vcov", "robust or cluster"),))
            )
    return found


def one_regressor(cells: Cells, claims: Claims) -> list[Finding]:
    """9. One slope: F = t squared; R2 = t2/(t2 + df), pooled or within."""
    found: list[Finding] = []
    claims = with_sizes(cells, claims)
    for column in columns_of(cells):
        if len(column.slopes) != 1 or column.hides_controls or not labels.is_least_squares(column.label) or column.lags:
            continue
        if any(labels.is_auxiliary(term.name) for term in column.terms):
            continue
        t = t_of(cells, claims, column, column.slopes[0])
        if t is None:
            found.append(Judge("one_regressor").missing(column.place, "t"))
            continue
        if column.cell("f"):
            found.append(_f_is_t_squared(column, t))
        if column.cell("r2") and column.n:
            found.append(_r2_of_t(column, claims, t))
    return found


def _f_is_t_squared(column: Column, t: Interval) -> Finding:
    judge, f = Judge("one_regressor"), column.stats["f"]
    square = t.squared()
    common = {"printed": f.text, "computed": square, "inputs": (*column.slopes[0].inputs, f)}
    if square.meets(f.interval):
        return judge("consistent", column.at("f"), "square", **common)
    if any(column.effects.values()):
        infers = (("F", "dummies tested"),)
        return judge("only if", column.at("f"), "dummies", condition="f_dummies", infers=infers, **common)
    return judge("inconsistent", column.at("f"), "no_square", **common)


def _r2_of_t(column: Column, claims: Claims, t: Interval) -> Finding:
    judge, place, r2, n = Judge("one_regressor"), column.at("r2"), column.stats["r2"], column.n or 0
    units, periods = _sizes(column, claims)
    readings = {"pooled": n - 2}
    if units:
        readings["within_unit"] = n - units - 1
    if units and periods:
        readings["within"] = n - units - periods
    computed = {name: _partial(t.squared(), df) for name, df in readings.items() if df > 0}
    fits = [name for name, value in computed.items() if value.meets(r2.interval)]
    effects = any(column.effects.values())
    common: dict[str, object] = {
        "printed": r2.text,
        "inputs": (*column.slopes[0].inputs, r2, column.stats["n"]),
        "readings": "; ".join(f"{name} {value}" for name, value in computed.items()),
    }
    expected = [name for name in fits if name.startswith("within") == effects]
    if expected:
        best = expected[0]
        return judge("consistent", place, "reading", computed=computed[best], reading=best, **common)
    if fits:
        best, infers = fits[0], (("effects", fits[0]),)
        return judge("only if", place, "other", computed=computed[best], condition=best, infers=infers, **common)
    common["computed"] = computed.get("pooled")
    if effects and computed and r2.interval.above(max(value.lo for value in computed.values())):
        del common["readings"]
        return judge.missing(place, "lsdv", **common)
    return judge("only if", place, "robust", condition="not_iid", **common)


def _partial(square: Interval, df: int) -> Interval:
    """Return t2/(t2 + df)."""
    return Interval(square.lo / (square.lo + df), square.hi / (square.hi + df))


def f_rank(cells: Cells, claims: Claims) -> list[Finding]:
    """10. With G clusters the variance has rank G - 1 at most: an F on more terms cannot exist."""
    judge, found = Judge("f_rank"), []
    for column in columns_of(cells):
        f = column.cell("f")
        if f is None:
            continue
        clusters = column.count("clusters") or claims.whole("clusters", column.table, column.label)
        if not clusters:
            found.append(judge.missing(column.at("f"), "clusters", printed=f.text))
            continue
        terms = len(column.slopes)
        key, verdict = ("over", "inconsistent") if terms > clusters - 1 else ("within", "consistent")
        found.append(
            judge(
                verdict,
                column.at("f"),
                key,
                printed=f.text,
                inputs=(f,),
                computed=Interval.exactly(clusters - 1),
                terms=terms,
                clusters=clusters,
            )
        )
    return found


def r2_order(cells: Cells, _claims: Claims) -> list[Finding]:
    """11. R2 lies in [0, 1] and does not fall on one sample when regressors or effects enter."""
    judge, found = Judge("r2_order"), []
    for column in columns_of(cells):
        for name in ("r2", "r2_within"):
            cell = column.cell(name)
            if cell and not cell.interval.meets(Interval(0.0, 1.0)):
                found.append(
                    judge(
                        "inconsistent",
                        column.at(name),
                        "outside",
                        printed=cell.text,
                        computed=Interval(0, 1),
                        inputs=(cell,),
                    )
                )
        r2, adjusted = column.cell("r2"), column.cell("r2_adj")
        if r2 and adjusted and adjusted.interval.above(r2.interval):
            found.append(
                judge(
                    "inconsistent",
                    column.at("r2_adj"),
                    "adjusted",
                    printed=adjusted.text,
                    computed=r2.interval,
                    inputs=(r2, adjusted),
                )
            )
    for columns in tables_of(columns_of(cells)).values():
        usable = [c for c in columns if c.cell("r2") and c.slopes and c.n and is_plain(c)]
        found.extend(_ordered(small, large) for small in usable for large in usable if _nested(small, large))
    return found


def _nested(small: Column, large: Column) -> bool:
    if small is large or small.outcome != large.outcome or small.hides_controls or large.hides_controls:
        return False
    names = [{term.name for term in column.slopes} for column in (small, large)]
    effects = [{kind for kind, answer in column.effects.items() if answer} for column in (small, large)]
    near = min(small.n or 0, large.n or 0) >= 0.95 * max(small.n or 0, large.n or 0)
    return (
        near and names[0] <= names[1] and effects[0] <= effects[1] and (names[0], effects[0]) != (names[1], effects[1])
    )


def _ordered(small: Column, large: Column) -> Finding:
    judge, place = Judge("r2_order"), large.at("r2")
    low, high = small.stats["r2"], large.stats["r2"]
    change = high.interval - low.interval
    same_effects = {k for k, v in small.effects.items() if v} == {k for k, v in large.effects.items() if v}
    common = {"printed": f"{low.text} -> {high.text}", "computed": change, "inputs": (low, high), "other": small.label}
    if small.n == large.n and change.hi < 0 and not change.meets(0.0):
        return judge("inconsistent", place, "falls", **common)
    if same_effects and change.lo > _BIG_RISE:
        effects = ", ".join(sorted(k for k, v in large.effects.items() if v)) or "no"
        return judge("warning", place, "leap", **common, effects=effects)
    return judge("consistent", place, "ordered", **common)
