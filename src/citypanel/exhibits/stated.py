"""Saying once what holds for all columns, and by column numbers what differs."""

from collections.abc import Sequence

from citypanel.exhibits.words import say


def by_column(texts: Sequence[str], language: str, *, capital: bool = True) -> str:
    """Say once what holds for all columns, and by column numbers what differs."""
    distinct = [text for text in dict.fromkeys(texts) if text]
    if not distinct:
        return ""
    finish = capitalised if capital else str
    if len(set(texts)) == 1:
        return finish(distinct[0])
    parts = []
    for text in distinct:
        positions = [position for position, other in enumerate(texts, start=1) if other == text]
        key = "column" if len(positions) == 1 else "columns"
        where = say(key, language, columns=ranges(positions))
        parts.append(f"{where}{say('colon', language)}{text}")
    return finish(say("between", language).join(parts))


def ranges(positions: Sequence[int]) -> str:
    """Return `(1)–(3), (5)` for 1, 2, 3, 5."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and runs[-1][-1] == position - 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return ", ".join(f"({run[0]})" if len(run) == 1 else f"({run[0]})–({run[-1]})" for run in runs)


def lowered(key: str, language: str) -> str:
    """Return `city` for `City` inside an English sentence; abbreviations stay as they are."""
    plain = key[1:].islower() or len(key) == 1
    return key[:1].lower() + key[1:] if language == "en" and plain else key


def capitalised(text: str) -> str:
    """Return the text with a capital first letter, unless its first word is a symbol such as `t`."""
    first = text.split(" ", 1)[0]
    return text if len(first) == 1 else text[:1].upper() + text[1:]
