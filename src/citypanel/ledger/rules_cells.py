"""Section A: a printed cell and its neighbours."""

import math
from collections.abc import Iterable
from itertools import pairwise

from scipy.special import ndtri, stdtrit

from citypanel.ledger import labels
from citypanel.ledger.claims import Claims
from citypanel.ledger.findings import Finding, Judge, Place
from citypanel.ledger.interval import Interval, shown
from citypanel.ledger.layout import Cells, Column, Term, columns_of, tables_of
from citypanel.ledger.samples import has_own_sample
from citypanel.ledger.significance import (
    band,
    earns,
    levels_of,
    p_interval,
    p_under,
    reading_of,
    readings_of,
    references,
    se_of,
    stated_reading,
    t_of,
    uses_stars,
)

_FAR = 5.0  # combined standard errors
_WIDE = 0.5  # relative width beyond which an implied standard error is no number
_FEWEST_DF = 3


def stars(cells: Cells, claims: Claims) -> list[Finding]:
    """1. The stars printed are those that the interval of t (or p) earns."""
    found = []
    for column in columns_of(cells):
        for term in column.terms:
            for statistic in ("p", "t", "z", "paren", "se"):
                if statistic in term.beside:
                    found.append(_stars(cells, claims, column, term, statistic))
                    break
            else:
                if term.coef.stars:
                    found.append(Judge("stars").missing(column.at(term.name), "statistic", printed=term.coef.printed))
    return found + _effect_stars(cells, claims)


def _stars(cells: Cells, claims: Claims, column: Column, term: Term, statistic: str) -> Finding:
    judge, place, cell = Judge("stars"), column.at(term.name), term.beside[statistic]
    printed = f"{term.coef.printed} ({cell.text})"
    count, levels = term.coef.stars, levels_of(cells, claims, column.table)
    reading = reading_of(cells, claims, column.study, column.table, statistic)
    marked = uses_stars(cells, claims, column.table)
    if count is None or not reading or count > len(levels) or not marked:
        return judge.missing(place, "reading" if marked else "no_stars", printed=printed, inputs=term.inputs)
    tried = [
        (reference, p)
        for reference in references(column, claims)
        if (p := p_under(term, cell, reading, reference.df)) is not None and not math.isnan(p.lo)
    ]
    if not tried:
        return judge.missing(place, "narrow", printed=printed, inputs=term.inputs)
    plainest = tried[0][1]
    holds = [reference.name for reference, p in tried if earns(p, count, levels)]
    common = {"printed": printed, "inputs": term.inputs, "computed": plainest}
    wanted = band(count, levels)
    values = {"stars": "*" * count or "0", "band": str(wanted), "holds": ", ".join(holds) or "-"}
    if holds and (holds[0] == "normal" or reading == "p"):
        return judge("consistent", place, "holds", **common, **values)
    if holds:
        return judge(
            "only if", place, "only", condition="df", infers=(("reference", holds[0]),), **common, **values, df=holds[0]
        )
    # The stated number of clusters is that of the full sample; a group of it has fewer.
    known = "clusters" in column.stats or (claims.one("clusters", column.table) and not has_own_sample(column, claims))
    most = 0 if known else _largest_df(term, cell, reading, wanted)
    if most >= _FEWEST_DF:
        return judge("only if", place, "only", condition="df_most", **common, **values, df=most)
    return judge("inconsistent", place, "never", **common, **values)


def _largest_df(term: Term, cell: object, reading: str, wanted: Interval) -> int:
    """Return the most degrees of freedom under which too few stars are right; 0 if none."""
    for df in range(200, 0, -1):
        p = p_under(term, cell, reading, df)  # type: ignore[arg-type]
        if p is not None and p.meets(wanted):
            return df
    return 0


def _effect_stars(cells: Cells, claims: Claims) -> list[Finding]:
    """Stars of spatial effects, printed with a z below."""
    judge, found = Judge("stars"), []
    effects = {(c.table, c.column, c.row): c for c in cells if c.statistic == "effect" and c.number}
    for cell in cells:
        effect = effects.get((cell.table, cell.column, cell.row))
        if cell.statistic not in ("z", "t") or not cell.number or effect is None or effect.stars is None:
            continue
        if not uses_stars(cells, claims, cell.table):
            continue
        levels = levels_of(cells, claims, cell.table)
        p = p_interval(cell.interval, None)
        holds = earns(p, effect.stars, levels)
        found.append(
            judge(
                "consistent" if holds else "inconsistent",
                effect.place,
                "holds" if holds else "never",
                printed=f"{effect.printed} ({cell.text})",
                computed=p,
                inputs=(effect, cell),
                stars="*" * effect.stars or "0",
                band=band(effect.stars, levels) if effect.stars <= len(levels) else "-",
                holds="normal" if holds else "-",
            )
        )
    return found


def parentheses(cells: Cells, claims: Claims) -> list[Finding]:
    """2. What stands in parentheses: the reading with fewest mismatches of signs and stars against the note."""
    judge, found = Judge("parentheses"), []
    for (study, table), columns in tables_of(columns_of(cells)).items():
        for statistic, counted in readings_of(cells, claims, study, table).items():
            used = [c for column in columns for term in column.terms for c in term.inputs if c.statistic == statistic]
            starred = any(term.coef.stars for column in columns for term in column.terms if statistic in term.beside)
            stated = stated_reading(cells, claims, table, statistic)
            fewest = min(counted.values())
            best = [reading for reading in counted if counted[reading] == fewest]
            place = Place(study, table, "", statistic)
            values = {
                "counts": ", ".join(f"{name} {count}" for name, count in counted.items()),
                "best": " = ".join(best),
            }
            common = {"inputs": [f"{len(used)} cells ({statistic}) of table {table}"], "printed": stated}
            if not starred and len(best) > 1:
                found.append(judge.missing(place, "stars", **common))
            elif not stated and len(best) > 1:
                found.append(judge.missing(place, "note", **common))
            elif not stated:
                found.append(judge("consistent", place, "unsaid", **common, **values))
            elif counted[stated] == fewest:
                found.append(judge("consistent", place, "agrees", **common, **values, stated=stated))
            else:
                infers = (("parentheses", best[0]),)
                found.append(judge("inconsistent", place, "other", infers=infers, **common, **values, stated=stated))
    return found


def triple(cells: Cells, claims: Claims) -> list[Finding]:
    """3. Coefficient, standard error, t, p and interval printed together agree."""
    found: list[Finding] = []
    for column in columns_of(cells):
        for term in column.terms:
            found.extend(_sign(cells, claims, column, term))
            if "se" in term.beside and "t" in term.beside:
                found.append(_quotient(column, term))
            if "p" in term.beside and {"se", "t", "z"} & set(term.beside):
                found.append(_p_value(cells, claims, column, term))
            if "ci_low" in term.beside and "ci_high" in term.beside:
                found.extend(_ends(column, term))
    return found


def _sign(cells: Cells, claims: Claims, column: Column, term: Term) -> list[Finding]:
    t = next((c for s, c in term.beside.items() if s in ("t", "z", "paren")), None)
    if t is None or reading_of(cells, claims, column.study, column.table, t.statistic) != "t":
        return []
    opposite = (t.interval.hi < 0 < term.b.hi and term.b.lo >= 0) or (term.b.hi <= 0 < t.interval.lo and term.b.lo < 0)
    printed = f"{term.coef.text} ({t.text})"
    return [
        Judge("triple")(
            "inconsistent" if opposite else "consistent",
            column.at(term.name),
            "sign" if opposite else "same_sign",
            printed=printed,
            inputs=(term.coef, t),
        )
    ]


def _quotient(column: Column, term: Term) -> Finding:
    judge, place = Judge("triple"), column.at(term.name)
    se, t = term.beside["se"], term.beside["t"]
    implied = term.b / se.interval
    common = {"printed": t.text, "inputs": (term.coef, se, t)}
    if not implied.bounded:
        return judge.missing(place, "narrow", **common)
    meets = implied.meets(t.interval)
    return judge("consistent" if meets else "inconsistent", place, "quotient", computed=implied, **common)


def _p_value(cells: Cells, claims: Claims, column: Column, term: Term) -> Finding:
    judge, place, p = Judge("triple"), column.at(term.name), term.beside["p"]
    t = t_of(cells, claims, column, term)
    common = {"printed": p.text, "inputs": term.inputs}
    if t is None:
        return judge.missing(place, "narrow", **common)
    tried = [(reference, p_interval(t, reference.df)) for reference in references(column, claims)]
    holds = [(reference, value) for reference, value in tried if value.meets(p.interval)]
    computed = (holds or tried)[0][1]
    name = holds[0][0].name if holds else "-"
    return judge("consistent" if holds else "inconsistent", place, "p", computed=computed, **common, df=name)


def _ends(column: Column, term: Term) -> Iterable[Finding]:
    judge, place = Judge("triple"), column.at(term.name)
    low, high = term.beside["ci_low"], term.beside["ci_high"]
    middle = (low.interval + high.interval) * 0.5
    printed = f"{term.coef.text} [{low.text}, {high.text}]"
    inputs = (term.coef, low, high)
    verdict = "consistent" if middle.meets(term.b) else "inconsistent"
    yield judge(verdict, place, "middle", printed=printed, computed=middle, inputs=inputs)
    if "se" not in term.beside:
        return
    critical = (high.interval - low.interval) * 0.5 / term.beside["se"].interval
    if not critical.bounded:
        yield judge.missing(place, "narrow", printed=printed, inputs=inputs)
        return
    df = (column.n or 0) - len(column.slopes) - 1
    usual = [-float(ndtri(level / 2)) for level in (0.1, 0.05, 0.01)]
    least_df = max(_FEWEST_DF, min(df, 9) if df > 0 else _FEWEST_DF)
    spans = [
        Interval(value, -float(stdtrit(least_df, level / 2)))
        for value, level in zip(usual, (0.1, 0.05, 0.01), strict=True)
    ]
    verdict = "consistent" if any(critical.meets(span) for span in spans) else "inconsistent"
    yield judge(verdict, place, "critical", printed=printed, computed=critical, inputs=(*inputs, term.beside["se"]))


def implied_se(cells: Cells, claims: Claims) -> list[Finding]:
    """4. The standard error that a coefficient and its t imply."""
    judge, found = Judge("implied_se"), []
    for column in columns_of(cells):
        for term in column.terms:
            t = next((c for s, c in term.beside.items() if s in ("t", "z", "paren")), None)
            if t is None or reading_of(cells, claims, column.study, column.table, t.statistic) != "t":
                continue
            se = abs(term.b / t.interval)
            printed = f"{term.coef.text} ({t.text})"
            if not se.bounded or se.width > _WIDE * max(abs(se.middle), 1e-300):
                digits = term.coef.number.digits if term.coef.number else 0
                key = "one_digit" if digits <= 1 else "wide"
                found.append(judge("not checkable", column.at(term.name), key, printed=printed, inputs=(term.coef, t)))
            else:
                found.append(
                    judge(
                        "consistent",
                        column.at(term.name),
                        "implied",
                        printed=printed,
                        computed=se,
                        inputs=(term.coef, t),
                    )
                )
    return found


def duplicate(cells: Cells, _claims: Claims) -> list[Finding]:
    """5. The same coefficient and statistic, to three or more digits, in models that differ."""
    judge, found = Judge("duplicate"), []
    for (study, table), columns in tables_of(columns_of(cells)).items():
        pairs = [
            (term, one, two)
            for index, one in enumerate(columns)
            for two in columns[index + 1 :]
            if not _same_model(one, two)
            for term in one.terms
            if _same_pair(term, two.term(term.name))
        ]
        for term, one, two in pairs:
            chance = _coincidence(term, columns)
            found.append(
                judge(
                    "warning",
                    one.at(term.name),
                    "twice",
                    printed=_pair(term),
                    inputs=(*term.inputs, *(two.term(term.name) or term).inputs),
                    other=two.label,
                    chance="-" if chance is None else shown(chance),
                )
            )
        if not pairs and len(columns) > 1:
            inputs = [f"{len(columns)} columns of table {table}"]
            found.append(judge("consistent", Place(study, table), "none", inputs=inputs))
    return found


def _pair(term: Term) -> str:
    return " ".join([term.coef.printed, *(f"({cell.text})" for cell in term.beside.values())])


def _same_pair(term: Term, other: Term | None) -> bool:
    if other is None or not term.beside or set(term.beside) != set(other.beside):
        return False
    cells = [term.coef, *term.beside.values()]
    same = [cell.text for cell in cells] == [
        cell.text for cell in (other.coef, *(other.beside[s] for s in term.beside))
    ]
    return same and max(cell.number.digits for cell in cells if cell.number) >= 3


def _same_model(one: Column, two: Column) -> bool:
    """Whether two columns print the same everywhere, so that they are one model shown twice."""
    texts = [{(term.name, _pair(term)) for term in column.terms} for column in (one, two)]
    stats = [{(name, cell.text) for name, cell in column.stats.items()} for column in (one, two)]
    return texts[0] == texts[1] and stats[0] == stats[1]


def _coincidence(term: Term, columns: list[Column]) -> float | None:
    """Return the chance that two draws from the spread of a row print alike."""
    chance = 1.0
    for cell in (term.coef, *term.beside.values()):
        row = [
            c.number.value
            for col in columns
            if (t := col.term(term.name))
            for c in t.inputs
            if c.statistic == cell.statistic and c.number
        ]
        spread = max(row) - min(row)
        if len(set(row)) < 2 or cell.number is None:
            return None
        chance *= min(1.0, 10.0**-cell.number.decimals / spread)
    return chance


def jump(cells: Cells, claims: Claims) -> list[Finding]:
    """6. A coefficient moves by more than five combined standard errors between adjacent columns."""
    found = []
    for columns in tables_of(columns_of(cells)).values():
        for one, two in pairwise(columns):
            if one.outcome != two.outcome:
                continue
            for term in one.slopes:
                other = two.term(term.name)
                if other is not None and not labels.is_lag(term.name):
                    found.append(_jump(cells, claims, (one, two), (term, other)))
    return found


def _jump(cells: Cells, claims: Claims, columns: tuple[Column, Column], terms: tuple[Term, Term]) -> Finding:
    judge, place = Judge("jump"), columns[1].at(terms[1].name)
    printed = f"{terms[0].coef.text} -> {terms[1].coef.text}"
    inputs = [cell for term in terms for cell in term.inputs]
    errors = [se_of(cells, claims, column, term) for column, term in zip(columns, terms, strict=True)]
    if errors[0] is None or errors[1] is None:
        return judge.missing(place, "se", printed=printed, inputs=inputs)
    distance = abs(terms[1].b - terms[0].b) / (errors[0].squared() + errors[1].squared()).root()
    if not distance.bounded:
        return judge.missing(place, "narrow", printed=printed, inputs=inputs)
    verdict, key = ("warning", "far") if distance.lo > _FAR else ("consistent", "near")
    return judge(verdict, place, key, printed=printed, computed=distance, inputs=inputs, other=columns[0].label)
