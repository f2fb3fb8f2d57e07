"""Checks across the keys of a study: formulas name declared variables, exhibits name declared analyses."""

from collections.abc import Iterable, Iterator
from typing import Any

from citypanel.declare.complaints import closest
from citypanel.declare.exhibits import ABOUT, analyses_of
from citypanel.declare.expression import names_in, parse_expression
from citypanel.declare.formula import Formula, Term, parse_formula, parse_terms
from citypanel.declare.methods import ONE_SIDED, SOURCED_OPTIONS, parse_options
from citypanel.declare.study import RESERVED, Analysis, Column, Split, Study
from citypanel.declare.variables import FormulaVariable
from citypanel.errors import DeclarationError, UnknownDataError


def check_study(study: Study, name: str, *, sources: Iterable[str]) -> None:
    """Check a study across its keys.

    Parameters
    ----------
    study : Study
    name : str
        Opens every message.
    sources : iterable of str
        Columns of the yearbook and national series that variable formulas may name besides variables.

    Raises
    ------
    DeclarationError
        One line: study, key, what was found, what is allowed.
    """
    known = (*RESERVED, *study.variables)
    first, last = study.sample.years
    for key, variable in study.variables.items():
        if key in RESERVED:
            raise DeclarationError(f"study {name}, variable '{key}': the panel has a column of that name already")
        if variable.at is not None and not first <= variable.at <= last:
            raise DeclarationError(
                f"study {name}, variable '{key}', key 'at': {variable.at} is no year of the sample; "
                f"allowed: {first} to {last}"
            )
    _check_variable_formulas(study, name, tuple(sources))
    _check_weights(study, name, known)
    for key, analysis in study.analyses.items():
        for number, column in enumerate(analysis.columns, start=1):
            place = f"study {name}, analysis '{key}', column {number}"
            _check_column(study, analysis, column, place, known)
    for key, exhibit in study.exhibits.items():
        _check_exhibit(study, exhibit, f"study {name}, exhibit '{key}'")


def column_terms(column: Column, method: str, study: Study, place: str) -> Formula | tuple[Term, ...]:
    """Parse a column's formula; methods that describe take a list of terms without an outcome."""
    try:
        if method in ONE_SIDED:
            return parse_terms(column.formula, study.macros)
        return parse_formula(column.formula, study.macros)
    except DeclarationError as error:
        raise DeclarationError(f"{place}: {error}") from None


def _check_column(study: Study, analysis: Analysis, column: Column, place: str, known: tuple[str, ...]) -> None:
    parsed = column_terms(column, analysis.method, study, place)
    formula_names = parsed.names() if isinstance(parsed, Formula) else [n for term in parsed for n in term.names()]
    _known(formula_names, known, f"{place}: the formula names")
    vcov = column.vcov or analysis.vcov or "iid"
    _known(_vcov_columns(vcov), known, f"{place}: vcov '{vcov}' names")
    weights = column.weights or analysis.weights
    _known([weights] if weights else [], known, f"{place}: weights name")
    options = parse_options(analysis.method, {**analysis.options, **column.options}, place)
    wanted = getattr(options, "w", None)
    if wanted is not None and wanted not in study.weights:
        raise DeclarationError(f"{place}: weights '{wanted}' are unknown{closest(wanted, study.weights)}")
    chosen = {key: getattr(options, key) for key in SOURCED_OPTIONS if hasattr(options, key)}
    for key, value in chosen.items():
        _known(_listed(value), known, f"{place}: option '{key}' names")
    _check_split(column.split or analysis.split, analysis.method, parsed, place, known)


def _check_split(
    split: Split | None, method: str, parsed: Formula | tuple[Term, ...], place: str, known: tuple[str, ...]
) -> None:
    if split is None:
        return
    if method != "linear" or not isinstance(parsed, Formula) or parsed.endogenous:
        raise DeclarationError(
            f"{place}, key 'split': it compares least squares (method linear without instruments); "
            "for other methods declare a column with 'where' for each group"
        )
    _known([split.by], known, f"{place}, key 'split': by names")
    terms = [term.text for term in parsed.regressors]
    if split.term is not None and split.term not in terms:
        raise DeclarationError(f"{place}, key 'split': term '{split.term}' is no regressor{closest(split.term, terms)}")


def _check_weights(study: Study, name: str, known: tuple[str, ...]) -> None:
    for key, weights in study.weights.items():
        place = f"study {name}, weights '{key}'"
        if "economic" in weights.kind and weights.by is None:
            raise DeclarationError(f"{place}: kind '{weights.kind}' needs 'by', a variable of the study")
        _known([weights.by] if weights.by else [], known, f"{place}: by names")


def _check_exhibit(study: Study, exhibit: Any, place: str) -> None:
    for wanted in analyses_of(exhibit):
        if wanted not in study.analyses:
            raise DeclarationError(f"{place}: analysis '{wanted}' is unknown{closest(wanted, study.analyses)}")
    for wanted in getattr(exhibit, "weights", ()):
        if wanted not in study.weights:
            raise DeclarationError(f"{place}: weights '{wanted}' are unknown{closest(wanted, study.weights)}")
    sources = ABOUT.get(exhibit.kind, ())
    fitting = [key for key, item in study.variables.items() if getattr(item, "source", "") in sources]
    if sources and exhibit.variable not in fitting:
        raise DeclarationError(
            f"{place}: variable '{exhibit.variable}' is none of source {' or '.join(sources)}"
            f"{closest(exhibit.variable, fitting)}"
        )


def _listed(value: Any) -> list[str]:
    if not value:
        return []
    return [value] if isinstance(value, str) else list(value)


def _vcov_columns(vcov: str) -> list[str]:
    kind, _, argument = vcov.partition(":")
    if kind == "cluster":
        return argument.replace("^", "+").split("+")
    return argument.split(":")[1:] if kind == "conley" else []


def _known(
    names: Iterable[str], known: tuple[str, ...], sentence: str, error: type[DeclarationError] = DeclarationError
) -> None:
    for name in names:
        if name not in known:
            raise error(f"{sentence} '{name}', which the study does not declare{closest(name, known)}")


def _check_variable_formulas(study: Study, name: str, sources: tuple[str, ...]) -> None:
    reads: dict[str, list[str]] = {}
    for key, variable in study.variables.items():
        if not isinstance(variable, FormulaVariable):
            continue
        place = f"study {name}, variable '{key}'"
        try:
            found = list(dict.fromkeys(names_in(parse_expression(variable.formula))))
        except DeclarationError as error:
            raise DeclarationError(f"{place}: {error}") from None
        others = [other for other in study.variables if other != key]
        _known(found, (*others, *sources), f"{place}: the formula names", UnknownDataError)
        reads[key] = [other for other in found if other in study.variables and other != key]
    for key in reads:
        _refuse_circle(key, reads, f"study {name}, variable '{key}'")


def _refuse_circle(start: str, reads: dict[str, list[str]], place: str) -> None:
    def below(key: str, seen: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for other in reads.get(key, ()):
            if other == start:
                yield (*seen, other)
            elif other not in seen:
                yield from below(other, (*seen, other))

    for circle in below(start, (start,)):
        raise DeclarationError(f"{place}: its formula leads back to itself ({' <- '.join(circle)})")
