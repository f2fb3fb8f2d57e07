"""Letters: which can be printed, how wide they are, where a line may break."""

import re
import unicodedata

_BLANKS = re.compile(r"\s+")
_WIDE = "⺀-鿿＀-￯"
_OPENING, _CLOSING = "（〈《「『【", "）〉》」』】，。、；：！？"
# A bracket stays with the letters it embraces: no line begins with a closing one or ends with an opening one.
_PIECES = re.compile(rf"[{_OPENING}]*(?:[^\s{_WIDE}]+|[{_WIDE}])[{_CLOSING}]*|\s+")


def printable(text: str) -> str:
    """Return a text on one line without control characters, which neither XML nor LaTeX can hold."""
    kept = "".join(character for character in text if character.isspace() or unicodedata.category(character)[0] != "C")
    return _BLANKS.sub(" ", kept).strip()


def text_width(text: str) -> int:
    """Return the width of a text in letters, a Chinese character counting as two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def broken_lines(text: str, width: int) -> list[str]:
    """Break a text into lines of at most about `width` letters, at blanks and between Chinese characters."""
    lines, current = [], ""
    for piece in _PIECES.findall(text):
        if current.strip() and text_width(current + piece.rstrip()) > width:
            lines.append(current.strip())
            current = ""
        current += piece
    return [*lines, current.strip()] if current.strip() else lines
