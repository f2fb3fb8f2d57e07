"""Why a cell has its verdict, as a sentence in English or Chinese."""

from collections.abc import Mapping

from citypanel.ledger.compare import Entry, Sheet
from citypanel.ledger.matching import Said, Unmatched
from citypanel.ledger.messages import LANGUAGES, Language
from citypanel.ledger.verdicts import Comparison, shown_like
from citypanel.ledger.wording_ledger import FACTORS, REASONS, SOURCES, TEXTS, Pair

_SHOWN_HITS = 3
_BETWEEN = {"en": ", ", "zh": "、"}


def chosen(pair: Pair, language: Language) -> str:
    """Return the text of a language."""
    return pair[LANGUAGES.index(language)]


def reason(entry: Entry, sheet: Sheet, language: Language) -> str:
    """Return why a cell has its verdict: what was compared, by how much it differs, what is missing."""
    return _main(entry, sheet, language) + _stars(entry, language)


def _main(entry: Entry, sheet: Sheet, language: Language) -> str:
    target, key = entry.target, entry.verdict
    if isinstance(target, Said):
        key = "declared nothing" if not target.ours and target.agrees else key
        return chosen(REASONS[key], language).format(found=said_text(target, language))
    if isinstance(target, Unmatched):
        key = "no record" if target.what == "record" else target.what
        return chosen(REASONS[key], language).format(found=target.found, sources=sources_text(sheet, language))
    comparison = entry.comparison
    if comparison is None:
        return chosen(REASONS["words"], language)
    values = {
        "ours": comparison.text,
        "full": _short(comparison, entry),
        "distance": distance(comparison, language),
        "sources": sources_text(sheet, language),
        "printed_interval": _interval(comparison.printed_interval, entry),
        "our_interval": _interval(comparison.our_interval, entry),
        **(_search_values(entry, language) if key == "same_under" else {}),
    }
    return chosen(REASONS[key], language).format(**values)


def said_text(said: Said, language: Language) -> str:
    """Return what we declare, yes and no in the words of the language."""
    return chosen(TEXTS[said.ours], language) if said.ours in ("yes", "no") else said.ours


def distance(comparison: Comparison, language: Language) -> str:
    """Return by how much our number lies above or below the printed one, in digits and in printed errors."""
    errors = ""
    if comparison.errors is not None:
        errors = chosen(REASONS["errors"], language).format(errors=f"{abs(comparison.errors):.2g}")
    return chosen(REASONS["distance"], language).format(
        ours=comparison.text,
        size=f"{abs(comparison.difference):.3g}",
        direction=chosen(REASONS["higher" if comparison.difference > 0 else "lower"], language),
        digits=f"{abs(comparison.digits):.3g}",
        errors=errors,
    )


def search_text(entry: Entry, language: Language) -> str:
    """Return how a number fared in the convention search, or nothing where none was made."""
    if entry.search is None or not entry.search.tries:
        return ""
    values = _search_values(entry, language)
    return chosen(REASONS["tried"], language).format(count=len(entry.search.hits), **values)


def _search_values(entry: Entry, language: Language) -> Mapping[str, object]:
    search = entry.search
    if search is None:
        return {}
    hits = [described(label, language) for label in search.hits]
    shown = ("; " if language == "en" else "；").join(hits[:_SHOWN_HITS])
    more = len(hits) - _SHOWN_HITS
    return {
        "hits": shown + (chosen(REASONS["and more"], language).format(count=more) if more > 0 else ""),
        "tried": search.tried,
        "different": len(search.different),
        "expected": f"{search.expected:.2g}",
        "lucky": chosen(REASONS["lucky"], language) if search.lucky else "",
    }


def described(label: str, language: Language) -> str:
    """Return a variant in words.

    >>> described("vcov=cluster:city; ssc=none", "en")
    'standard errors cluster:city, small-sample factor none'
    """
    parts = []
    for change in label.split("; "):
        name, _, value = change.partition("=")
        word = chosen(FACTORS[name], language) if name in FACTORS else name
        # A matrix is named by the declared one and the kind that stands in for it.
        parts.append(f"{word} {value.replace('~', ' = ').replace('_by_', ' x ') if name == 'w' else value}")
    return _BETWEEN[language].join(parts)


def sources_text(sheet: Sheet, language: Language) -> str:
    """Return the sources that a test of the table needs."""
    names = [chosen(SOURCES[name], language) if name in SOURCES else name for name in sheet.sources]
    return _BETWEEN[language].join(names)


def _stars(entry: Entry, language: Language) -> str:
    if not entry.stars_differ:
        return ""
    none = "none" if language == "en" else "无"
    return chosen(REASONS["stars"], language).format(
        printed="*" * (entry.cell.stars or 0) or none, ours="*" * (entry.stars or 0) or none
    )


def _short(comparison: Comparison, entry: Entry) -> str:
    """Return our number with two decimals more than the printed one."""
    number = entry.cell.number
    return shown_like(number.value + comparison.difference, number.decimals + 2) if number else ""


def _interval(ends: tuple[float, float] | None, entry: Entry) -> str:
    decimals = (entry.cell.number.decimals if entry.cell.number else 2) + 1
    return "" if ends is None else f"[{shown_like(ends[0], decimals)}, {shown_like(ends[1], decimals)}]"
