"""What the ledger may see of a study: which printed table belongs to which exhibit, and where our numbers come from."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from citypanel.declare.complaints import closest
from citypanel.declare.exhibits import TABLES, ExhibitBase, analyses_of
from citypanel.declare.expression import names_in, parse_expression
from citypanel.declare.formula import expand_macros, formula_names
from citypanel.declare.slices import (
    Slice,
    analysis_slice,
    column_labels,
    indicator_file_options,
    indicator_tables,
)
from citypanel.declare.study import Study
from citypanel.declare.variables import FormulaVariable, indicator_options
from citypanel.declare.variants import searched
from citypanel.errors import DeclarationError

CLAIMS = "claims.csv"
_OF_SOURCE = {"policy": ("policies",), "yearbook": ("city_year",)}


def published_exhibits(study: Study) -> dict[str, ExhibitBase]:
    """Return the tables that declare printed cells, in the order of declaration."""
    return {name: exhibit for name, exhibit in study.exhibits.items() if exhibit.published and exhibit.kind in TABLES}


def compared_analyses(study: Study) -> tuple[str, ...]:
    """Return the analyses whose records the ledger reads, each once."""
    return tuple(dict.fromkeys(name for exhibit in published_exhibits(study).values() for name in analyses_of(exhibit)))


def searched_analyses(study: Study) -> tuple[str, ...]:
    """Return the jobs that estimate the variants of what is compared; tests printed beside a table are not varied."""
    main = [exhibit.analysis for exhibit in published_exhibits(study).values() if hasattr(exhibit, "analysis")]
    names = [name for given in main for name in ((given,) if isinstance(given, str) else given)]
    return searched(study, tuple(dict.fromkeys(names)))


def ledger_slice(study: Study, name: str) -> Slice:
    """Return what the ledger compares: exhibits with their columns and labels, and the sources behind each."""
    return {
        "study": name,
        "title": study.title.model_dump(),
        "exhibits": {key: _exhibit(study, name, exhibit) for key, exhibit in published_exhibits(study).items()},
        "labels": {key: item.label.model_dump() for key, item in study.variables.items()}
        | {key: text.model_dump() for key, text in study.labels.items()},
    }


def _exhibit(study: Study, name: str, exhibit: ExhibitBase) -> Slice:
    analyses = analyses_of(exhibit)
    kept = ("kind", "title", "published", "matching", "stars", "first_stage")
    declared = exhibit.model_dump(mode="json")
    vif = getattr(exhibit, "vif", None)
    aside = [*getattr(exhibit, "durbin", ()), *([vif] if vif else [])]
    return {
        **{key: declared[key] for key in kept if key in declared},
        "analyses": [key for key in analyses if key not in aside],
        "aside": aside,
        "columns": {key: _columns(study, name, key) for key in analyses},
        "sources": list(dict.fromkeys(table for key in analyses for table in sources(study, key))),
    }


def _columns(study: Study, name: str, analysis: str) -> list[Slice]:
    """Return the label of each column, and whether it has instruments."""
    labels = column_labels(study.analyses[analysis])
    columns = analysis_slice(study, name, analysis)["columns"]
    return [
        {"label": label, "instruments": "~" in column["formula"].partition("|")[2], "w": column["options"].get("w")}
        for label, column in zip(labels, columns, strict=True)
    ]


def sources(study: Study, analysis: str) -> tuple[str, ...]:
    """Return the canonical tables behind the variables of an analysis, `policies` for lists of treated units."""
    names: list[str] = []
    declared = study.analyses[analysis]
    for column in declared.columns:
        names += formula_names(expand_macros(column.formula, study.macros))
        weights = study.weights.get({**declared.options, **column.options}.get("w", ""))
        names += [weights.by] if weights and weights.by else []
    return tuple(dict.fromkeys(table for name in dict.fromkeys(names) for table in _tables(study, name, ())))


def _tables(study: Study, name: str, above: tuple[str, ...]) -> Iterator[str]:
    variable = study.variables.get(name)
    if name in above:
        return
    if variable is None:
        # A column of the yearbook inside a formula; city and year come with the panel.
        yield from ("city_year",) if above else ()
    elif (options := indicator_options(variable)) is not None:
        yield from indicator_tables(variable.source, indicator_file_options(options))
    elif isinstance(variable, FormulaVariable):
        for part in names_in(parse_expression(variable.formula)):
            yield from _tables(study, part, (*above, name))
    else:
        # Attributes of cities come from a public register and need no source.
        yield from _OF_SOURCE.get(variable.source, ())


def check_published(study: Study, name: str, files: Iterable[Path]) -> None:
    """Check what exhibits say of printed tables.

    Parameters
    ----------
    study, name : the study; its name opens every message.
    files : the files in its folder `published`.

    Raises
    ------
    DeclarationError
        A file is not there, or a matching names a column that no analysis of the exhibit has.
    """
    there = sorted(path.name for path in files if path.name != CLAIMS)
    for key, exhibit in study.exhibits.items():
        place = f"study {name}, exhibit '{key}'"
        if exhibit.published is not None and exhibit.published not in there:
            raise DeclarationError(
                f"{place}, key 'published': '{exhibit.published}' is not in published/"
                f"{closest(exhibit.published, there)}"
            )
        if exhibit.matching is not None:
            _check_matching(study, exhibit, place)


def _check_matching(study: Study, exhibit: ExhibitBase, place: str) -> None:
    if exhibit.published is None:
        raise DeclarationError(f"{place}, key 'matching': there is nothing to match without 'published'")
    allowed = [
        f"{analysis}.{number}"
        for analysis in analyses_of(exhibit)
        for number in range(1, len(column_labels(study.analyses[analysis])) + 1)
    ]
    for printed, ours in (exhibit.matching.columns if exhibit.matching else {}).items():
        if ours.removesuffix(".first") not in allowed:
            raise DeclarationError(
                f"{place}, key 'matching.columns.{printed}': '{ours}' is no column{closest(ours, allowed)}"
            )


def sheet_names(study: Study, files: Iterable[Path]) -> list[str]:
    """Return what the ledger of a study writes a sheet of: its exhibits, then printed files that no exhibit claims."""
    exhibits = published_exhibits(study)
    claimed = {exhibit.published for exhibit in exhibits.values()}
    others = sorted(path.stem for path in files if path.name not in claimed and path.name != CLAIMS)
    return [*exhibits, *others]


def sheet_files(names: Iterable[str], languages: Iterable[str]) -> list[str]:
    """Return the files of these sheets: CSV and JSON, and a page in HTML and LaTeX for each language."""
    pages = [f"_{language}.{form}" for language in languages for form in ("html", "tex")]
    return [f"{name}{ending}" for name in names for ending in (".csv", ".json", *pages)]
