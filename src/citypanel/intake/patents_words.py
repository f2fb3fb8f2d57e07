"""Known words inside a text: every place where one of many names stands, without trying each name."""

from collections.abc import Collection, Iterator


class Words:
    """Finds which of many known words stand in a text, by their first two characters.

    >>> list(Words(["鞍山", "马鞍山"]).spots("马鞍山市"))
    [(0, '马鞍山'), (1, '鞍山')]
    """

    def __init__(self, words: Collection[str]) -> None:
        self._by_start: dict[str, list[str]] = {}
        for word in sorted(words, key=lambda word: (-len(word), word)):
            if len(word) >= 2:
                self._by_start.setdefault(word[:2], []).append(word)

    def spots(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield position and word of every occurrence, by position, the longest word first."""
        by_start = self._by_start
        for at in range(len(text) - 1):
            for word in by_start.get(text[at : at + 2], ()):
                if text.startswith(word, at):
                    yield at, word

    def longest(self, text: str) -> str:
        """Return the longest word that stands in a text, the first of two of one length, or ""."""
        return max((word for _, word in self.spots(text)), key=len, default="")
