"""The table of variables: symbol, name, definition, all as declared."""

from collections.abc import Mapping, Sequence
from typing import Any

from citypanel.errors import DeclarationError
from citypanel.exhibits.labels import labels_of, term_label, text_of
from citypanel.exhibits.notes import notes
from citypanel.exhibits.table import EMPTY, Head, Row, Table, words
from citypanel.exhibits.words import say
from citypanel.result import Record


def variables_table(records: Sequence[Record], exhibit: Mapping[str, Any], language: str) -> Table:
    """Set the variables of `definitions` (by name, in order of declaration) in rows; `keep` chooses among them.

    Raises
    ------
    DeclarationError
        `keep` names a variable that is not declared, or there is none.
    """
    definitions: Mapping[str, Any] = exhibit.get("definitions") or {}
    asked = tuple(exhibit.get("keep") or definitions)
    place = f"study {exhibit.get('study')}, exhibit '{exhibit.get('exhibit')}'"
    if not definitions:
        raise DeclarationError(f"{place}: no variable of the study was handed over (key 'definitions')")
    for name in asked:
        if name not in definitions:
            allowed = ", ".join(definitions)
            raise DeclarationError(f"{place}, key 'keep': '{name}' is no variable of the study; allowed: {allowed}")
    labels = labels_of(exhibit)
    body = tuple(
        Row(
            name,
            (
                words(term_label(name, labels, language)),
                words(text_of(definitions[name], language)) if definitions[name] else EMPTY,
            ),
            name,
            "variable",
        )
        for name in asked
    )
    return Table(
        kind="variables",
        language=language,
        title=text_of(exhibit.get("title"), language),
        stub=say("symbol", language),
        heads=((Head(say("meaning", language)), Head(say("definition", language))),),
        groups=(body,),
        notes=notes([], records, exhibit, language),
        columns=("meaning", "definition"),
        simulated=False,
        prose=(0, 1),
    )
