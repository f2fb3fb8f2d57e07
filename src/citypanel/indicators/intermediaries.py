"""Trading firms by their names: published word lists, after names of zones have been removed.

A manufacturer in a free-trade zone (自由贸易试验区) carries 贸易 in its name; so zones go first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from citypanel.registers import Registers, fold


@dataclass(frozen=True)
class WordList:
    """The words of a list, in its order, and the zones that are removed before they are looked for."""

    words: tuple[str, ...]
    places: tuple[str, ...]

    def which(self, name: str) -> int:
        """Return the position of the first word of the list that the name holds, or -1.

        >>> words = WordList(("贸易", "物流"), ("自由贸易试验区",))
        >>> [words.which(name) for name in ("上海自由贸易试验区精密有限公司", "上海自由贸易试验区贸易有限公司")]
        [-1, 0]
        """
        plain = self._without_places(fold(name))
        return next((at for at, word in enumerate(self.words) if word in plain), -1)

    def _without_places(self, name: str) -> str:
        # The longest first: 自由贸易区 is also the beginning of no other, but 物流园区 is the end of several.
        places: Sequence[str] = sorted(self.places, key=lambda place: (-len(place), place))
        return re.sub("|".join(map(re.escape, places)), "·", name) if places else name


def word_list(name: str, registers: Registers) -> WordList:
    """Return the list `short` or `long` of the register; any other name is an empty list."""
    return WordList(registers.intermediary_words(name), registers.intermediary_words("place"))
