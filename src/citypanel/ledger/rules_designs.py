"""Section F: instruments, GMM, differences in differences."""

import re

from citypanel.ledger import labels
from citypanel.ledger.claims import Claim, Claims, listed
from citypanel.ledger.findings import Finding, Judge, Place
from citypanel.ledger.interval import Interval, shown
from citypanel.ledger.layout import Cells, Column, Term, columns_of, tables_of
from citypanel.ledger.printed import Cell
from citypanel.ledger.rules_counts import event_times
from citypanel.ledger.significance import p_interval, se_of, t_of
from citypanel.ledger.treatment import on_years, stated_treated_rows, treated_rows

_THRESHOLDS = ((10.0, "10"), (16.38, "16.38"), (104.7, "104.7"))
_BIG_RATIO = 5.0
_IV = re.compile(r"iv\b|2sls|instrument|工具变量|两阶段", re.IGNORECASE)


def instruments(cells: Cells, claims: Claims) -> list[tuple[Column, Term]]:
    """Return the first-stage columns with their instrument: stated ones, else a row called iv or instrument."""
    named = {claim.row for claim in claims.of("instrument")}
    return [
        (column, term)
        for column in columns_of(cells)
        for term in column.slopes
        if term.name in named or re.fullmatch(r"iv\d*|instrument.*|工具变量", term.name, re.IGNORECASE)
    ]


def first_stage(cells: Cells, claims: Claims) -> list[Finding]:
    """34. With one instrument F = t squared of the first stage, against 10, 16.38 and 104.7."""
    judge, found = Judge("first_stage"), []
    by_column: dict[str, int] = {}
    for column, _ in instruments(cells, claims):
        key = f"{column.table}/{column.label}"
        by_column[key] = by_column.get(key, 0) + 1
    for column, term in instruments(cells, claims):
        t = t_of(cells, claims, column, term)
        if t is None or by_column[f"{column.table}/{column.label}"] > 1:
            found.append(judge.missing(column.at(term.name), "one_instrument", inputs=term.inputs))
            continue
        f = t.squared()
        passed = [name for bound, name in _THRESHOLDS if f.lo >= bound]
        failed = [name for bound, name in _THRESHOLDS if f.lo < bound]
        key = "weak" if not passed else "below" if len(passed) < 2 else "passes" if failed else "strong"
        verdict = "warning" if key in ("weak", "below") else "consistent"
        printed = " ".join([term.coef.printed, *(f"({c.text})" for c in term.beside.values())])
        values = {"passed": ", ".join(passed) or "-", "failed": ", ".join(failed) or "-"}
        found.append(
            judge(verdict, column.at(term.name), key, printed=printed, computed=f, inputs=term.inputs, **values)
        )
    return found


def _baseline(cells: Cells, claims: Claims, iv: Column, name: str) -> Column | None:
    """Return the least-squares column that an IV column is compared with: the stated one, else the fullest."""
    stated = claims.of("baseline")
    outcome = iv.outcome or claims.word("outcome", iv.table, iv.label)
    plain = [
        c
        for c in columns_of(cells)
        if labels.is_least_squares(c.label)
        and c.term(name)
        and not c.lags
        and (c.outcome == outcome or not c.outcome or not outcome)
        and (c.table, c.label) != (iv.table, iv.label)
        and not labels.has_own_sample(c.label)
    ]
    for claim in stated:
        chosen = [c for c in plain if c.table == claim.table and c.label == claim.column]
        if chosen:
            return chosen[0]
    same = [c for c in plain if c.n == iv.n] or plain
    return max(same, key=lambda c: len({t.name for t in c.slopes} & {t.name for t in iv.slopes}), default=None)


def iv_ratio(cells: Cells, claims: Claims) -> list[Finding]:
    """35. 2SLS = reduced form over first stage; more than five times OLS is a danger sign."""
    judge, found = Judge("iv_ratio"), []
    firsts = instruments(cells, claims)
    for first, instrument in firsts:
        endogenous = first.outcome
        seconds = [
            c
            for c in columns_of(cells)
            if c.table == first.table and c is not first and endogenous and c.term(endogenous) and _IV.search(c.label)
        ]
        for second in seconds:
            term = second.term(endogenous)
            if term is None:
                continue
            reduced = next(
                (
                    c
                    for c in columns_of(cells)
                    if c.table == first.table
                    and c is not first
                    and c.outcome in (second.outcome, "")
                    and c.term(instrument.name)
                ),
                None,
            )
            if reduced is not None:
                found.append(_reduced_form(second, term, reduced, first, instrument))
            found.append(_against_ols(cells, claims, second, term))
        if not seconds:
            found.append(judge.missing(first.at(instrument.name), "second_stage", inputs=instrument.inputs))
    return found


def _reduced_form(second: Column, term: Term, reduced: Column, first: Column, instrument: Term) -> Finding:
    judge, place = Judge("iv_ratio"), second.at(term.name)
    above = reduced.term(instrument.name)
    computed = above.b / instrument.b if above else Interval.line()
    inputs = (term.coef, instrument.coef, *((above.coef,) if above else ()))
    if not computed.bounded or first.n != second.n or first.n != reduced.n:
        return judge.missing(place, "narrow", printed=term.coef.text, inputs=inputs)
    verdict = "consistent" if computed.meets(term.b) else "inconsistent"
    return judge(verdict, place, "quotient", printed=term.coef.text, computed=computed, inputs=inputs)


def _against_ols(cells: Cells, claims: Claims, second: Column, term: Term) -> Finding:
    judge, place = Judge("iv_ratio"), second.at(term.name)
    baseline = _baseline(cells, claims, second, term.name)
    ols = baseline.term(term.name) if baseline else None
    ratio = term.b / ols.b if ols else Interval.line()
    if ols is None or baseline is None or not ratio.bounded:
        return judge.missing(place, "baseline", printed=term.coef.text, inputs=(term.coef,))
    effects = [", ".join(sorted(kind for kind, yes in c.effects.items() if yes)) or "no" for c in (second, baseline)]
    common = {"printed": f"{term.coef.text} / {ols.coef.text}", "computed": ratio, "inputs": (term.coef, ols.coef)}
    values = {
        "effects": effects[0],
        "ols_effects": effects[1],
        "ols": f"{baseline.table}/{baseline.label}",
        "n": f"{second.n}, {baseline.n}",
    }
    verdict, key = ("warning", "far") if abs(ratio).lo > _BIG_RATIO else ("consistent", "near")
    return judge(verdict, place, key, **common, **values)


def iv_design(cells: Cells, claims: Claims) -> list[Finding]:
    """36. An instrument without time variation identifies nothing under unit effects; its sign is the stated one."""
    judge, found = Judge("iv_design"), []
    for claim in claims.of("instrument"):
        stages = [(c, t) for c, t in instruments(cells, claims) if t.name == claim.row]
        if not stages:
            found.append(judge.missing(claim.at, "first_stage", inputs=[claim]))
        for column, term in stages:
            if re.search(r"invariant|constant|不随时间", claim.value.lower()):
                found.append(_under_effects(cells, column, term, claim))
            else:
                found.append(judge("consistent", column.at(term.name), "varies", inputs=[claim]))
    for claim in claims.of("instrument_sign"):
        for column, term in instruments(cells, claims):
            if claim.row in ("", term.name) and (term.b.lo > 0 or term.b.hi < 0):
                sign = "+" if term.b.lo > 0 else "-"
                agrees = claim.value.strip().startswith(sign)
                verdict = "consistent" if agrees else "warning" if "implied" in claim.value else "inconsistent"
                found.append(
                    judge(
                        verdict,
                        column.at(term.name),
                        "same_sign" if agrees else "other_sign",
                        printed=term.coef.printed,
                        computed=term.b,
                        inputs=[term.coef, claim],
                        stated=claim.value,
                    )
                )
    return found


def _under_effects(cells: Cells, column: Column, term: Term, claim: Claim) -> Finding:
    judge, place = Judge("iv_design"), column.at(term.name)
    unit = column.effects.get("unit", column.effects.get("other"))
    elsewhere = [c for c in columns_of(cells) if c.effects.get("unit") and not _IV.search(c.label)]
    values = {"effects": ", ".join(f"{k} {'yes' if v else 'no'}" for k, v in column.effects.items()) or "-"}
    common = {"printed": values["effects"], "inputs": [claim, term.coef]}
    if unit is None:
        return judge.missing(place, "effects", **common)
    if unit:
        return judge("inconsistent", place, "absorbed", **common, **values)
    if elsewhere:
        return judge(
            "warning", place, "dropped", **common, **values, other=f"{elsewhere[0].table}/{elsewhere[0].label}"
        )
    return judge("consistent", place, "no_effects", **common, **values)


def gmm_tests(cells: Cells, claims: Claims) -> list[Finding]:
    """37. m1 negative, m2 insignificant; instruments no more than groups; a Hansen p near one is a danger sign."""
    judge, found = Judge("gmm_tests"), []
    for column in columns_of(cells):
        if not column.lags and not re.search(r"gmm", column.label, re.IGNORECASE):
            continue
        for name in ("ar1", "ar2"):
            cell = column.cell(name)
            found.append(_serial(column, name, cell) if cell else judge.missing(column.at(name), name))
        found.append(_hansen(column))
        instruments_used, groups = (
            column.count("instruments"),
            column.count("units") or claims.whole("units", column.table),
        )
        if instruments_used is not None and groups:
            verdict, key = ("consistent", "few") if instruments_used <= groups else ("warning", "many")
            cell = column.stats["instruments"]
            found.append(
                judge(
                    verdict,
                    column.at("instruments"),
                    key,
                    printed=cell.text,
                    computed=Interval(0, groups),
                    inputs=(cell,),
                )
            )
    return found


def _serial(column: Column, name: str, cell: Cell) -> Finding:
    judge, place, value = Judge("gmm_tests"), column.at(name), cell.interval
    said_p = re.search(r"\bp\b|p[- ]?val|p 值|p值", cell.row, re.IGNORECASE)
    number = cell.number.value if cell.number else -1.0
    is_p = bool(said_p) or (0 <= number <= 1 and not cell.stars)
    p = value if is_p else p_interval(value, None)
    common = {"printed": cell.printed, "computed": p, "inputs": (cell,)}
    if name == "ar1" and not is_p and value.lo > 0:
        return judge("inconsistent", place, "m1_positive", **common)
    if name == "ar1":
        verdict, key = ("consistent", "m1") if p.lo < 0.1 else ("warning", "m1_weak")
    else:
        verdict, key = ("consistent", "m2") if p.hi >= 0.1 else ("inconsistent", "m2_significant")
    if is_p and not said_p:
        key += "_as_p"
    return judge(verdict, place, key, **common)


def _hansen(column: Column) -> Finding:
    judge, cell = Judge("gmm_tests"), column.cell("hansen")
    if cell is None:
        return judge.missing(column.at("hansen"), "hansen")
    value = cell.interval
    common = {"printed": cell.printed, "computed": value, "inputs": (cell,)}
    if value.lo < -1e-9 and value.hi < 0:
        return judge("inconsistent", column.at("hansen"), "hansen_negative", **common)
    if value.hi > 1.0005:
        return judge.missing(column.at("hansen"), "hansen_p", **common)
    verdict, key = (
        ("warning", "hansen_one")
        if value.lo > 0.95
        else ("warning", "hansen_low")
        if value.hi < 0.05
        else ("consistent", "hansen")
    )
    return judge(verdict, column.at("hansen"), key, **common)


def group_difference(cells: Cells, claims: Claims) -> list[Finding]:
    """38. z = (b1 - b2)/sqrt(se1^2 + se2^2) of independent groups; "stronger in" needs p at most .10."""
    judge, found = Judge("group_difference"), []
    tables = tables_of(columns_of(cells))
    for claim in claims.of("stronger"):
        pair = listed(claim.column, "|")
        columns = [c for c in tables.get((claim.study, claim.table), []) if c.label in pair]
        columns.sort(key=lambda c: pair.index(c.label))
        place = Place(claim.study, claim.table, claim.column, claim.row)
        terms = [c.term(claim.row) for c in columns]
        if len(columns) != 2 or None in terms:
            found.append(judge.missing(place, "two_columns", inputs=[claim]))
            continue
        found.append(_difference(cells, claims, claim, columns, [t for t in terms if t]))
    return found


def _difference(cells: Cells, claims: Claims, claim: Claim, columns: list[Column], terms: list[Term]) -> Finding:
    judge, place = Judge("group_difference"), Place(claim.study, claim.table, claim.column, claim.row)
    errors = [se_of(cells, claims, column, term) for column, term in zip(columns, terms, strict=True)]
    printed = " and ".join(" ".join([t.coef.printed, *(f"({c.text})" for c in t.beside.values())]) for t in terms)
    inputs = [*terms[0].inputs, *terms[1].inputs, claim]
    if errors[0] is None or errors[1] is None:
        return judge.missing(place, "se", printed=printed, inputs=inputs)
    z = (terms[0].b - terms[1].b) / (errors[0].squared() + errors[1].squared()).root()
    if not z.bounded:
        return judge.missing(place, "narrow", printed=printed, inputs=inputs)
    p = p_interval(z, None)
    supported = p.lo <= 0.1
    larger = abs(terms[0].b).hi >= abs(terms[1].b).lo
    key = "supported" if supported and larger else "reversed" if not larger else "unsupported"
    verdict = "consistent" if key == "supported" else "inconsistent"
    return judge(verdict, place, key, printed=printed, computed=z, inputs=inputs, p=p)


def treatment_window(cells: Cells, claims: Claims) -> list[Finding]:
    """39. A treatment that switches off inside the sample contradicts an absorbing event study."""
    judge, found = Judge("treatment_window"), []
    window, years = on_years(claims), claims.years
    if window is None or years is None:
        return []
    claim = claims.of("treatment_on")[0]
    place = Place(claim.study, "", "", "treatment")
    latest = max(event_times(cells, claims).values(), default=0)
    off = window[1] < years[1]
    first = min(claims.cohorts, default=window[0])
    values = {"on": f"{window[0]}-{window[1]}", "last": years[1], "latest": latest, "fits": "-", "rows": "-"}
    for column in columns_of(cells):
        dummy = {c.row for c in claims.of("form") if c.value.strip().lower() == "dummy"}
        if len(column.slopes) == 1 and column.slopes[0].name in dummy and (rows := treated_rows(cells, claims, column)):
            fits = [name for name, value in stated_treated_rows(claims).items() if value.meets(rows)]
            values |= {"fits": ", ".join(fits) or "-", "rows": str(rows)}
            break
    inputs = [claim, *claims.of("years"), *claims.of("event_times")]
    common = {"printed": values["on"], "computed": Interval(window[0], window[1]), "inputs": inputs}
    if off and first + latest > window[1]:
        found.append(judge("inconsistent", place, "switches_off", **common, **values))
    else:
        found.append(judge("consistent", place, "absorbing", **common, **values))
    return found


def circular(_cells: Cells, claims: Claims) -> list[Finding]:
    """40. The outcome's formula shares a term with a regressor, in all or part of the years."""
    judge, found = Judge("circular"), []
    formulas = claims.of("formula")
    outcomes = {c.value for c in claims.of("outcome")}
    for outcome in formulas:
        if outcome.row not in outcomes:
            continue
        mine = {term.lower() for term in listed(outcome.value)}
        for other in formulas:
            if other.row == outcome.row or other.row in outcomes:
                continue
            shared = sorted(mine & {term.lower() for term in listed(other.value)})
            place = Place(outcome.study, "", outcome.row, other.row)
            share = _share_of_years(outcome.column or other.column, claims)
            values = {
                "shared": ", ".join(shared) or "-",
                "years": outcome.column or other.column or "all",
                "share": shown(share),
            }
            verdict, key = ("warning", "shares") if shared else ("consistent", "apart")
            found.append(
                judge(
                    verdict,
                    place,
                    key,
                    printed=outcome.value,
                    computed=Interval.exactly(share),
                    inputs=[outcome, other],
                    **values,
                )
            )
    return found


def _share_of_years(text: str, claims: Claims) -> float:
    years = [int(year) for year in re.findall(r"\d{4}", text)]
    if not years or claims.years is None:
        return 1.0
    first, last = claims.years
    return max(0, min(last, years[-1]) - max(first, years[0]) + 1) / (last - first + 1)
