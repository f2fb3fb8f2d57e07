"""The layout register as objects: which headers play which role, and which layout a header row belongs to."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from citypanel.registers import Registers, fold

YEARS = "@years"  # a role played by every header that is a year


@dataclass(frozen=True)
class Layout:
    """One raw layout: the aliases of each role (folded), the roles it cannot do without, and its settings."""

    name: str
    table: str
    roles: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)

    def setting(self, name: str) -> tuple[str, ...]:
        """Return the values of a setting, as `export` -> ("0", "出口")."""
        return tuple(part for part in self.settings.get(name, "").split("|") if part)

    @property
    def serves(self) -> tuple[str, ...]:
        """Return the canonical tables for whose intake this one holds names or codes; empty for other layouts."""
        return self.setting("serves")

    def match(self, folded: Sequence[str]) -> "Match":
        """Return which header plays which role in this layout; headers come folded, as aliases are."""
        columns: dict[str, int] = {}
        for role, aliases in self.roles.items():
            place = _place(folded, aliases)
            if place is not None:
                columns[role] = place
        missing = tuple(role for role in self.required if role not in columns)
        return Match(self, columns, missing)


@dataclass(frozen=True)
class Match:
    """How well headers fit a layout: column of each role found, required roles that are missing."""

    layout: Layout
    columns: dict[str, int]
    missing: tuple[str, ...]

    @property
    def score(self) -> tuple[float, bool, int]:
        """Share of required roles found; then whether the header rows are counted; then how many roles in all."""
        needed = len(self.layout.required)
        share = (needed - len(self.missing)) / needed
        return (share, share == 1 and "headers" in self.layout.settings, len(self.columns))

    @property
    def missing_headers(self) -> tuple[str, ...]:
        """The first alias of each required role that no header plays."""
        return tuple(self.layout.roles[role][0] for role in self.missing)


def read_layouts(registers: Registers) -> list[Layout]:
    """Return the layouts of the register, in its order."""
    rows = registers.layouts()
    layouts = []
    for name in dict.fromkeys(rows["layout"]):
        mine = rows[rows["layout"] == name]
        roles = mine[~mine["role"].str.startswith("=")]
        settings = mine[mine["role"].str.startswith("=")]
        layouts.append(
            Layout(
                name=str(name),
                table=str(mine["table"].iloc[0]),
                roles={role: _aliases(headers) for role, headers in _joined(roles).items()},
                required=tuple(dict.fromkeys(roles.loc[roles["required"] == "yes", "role"])),
                settings={role[1:]: value for role, value in _joined(settings).items()},
            ),
        )
    return layouts


def best_match(layouts: Iterable[Layout], headers: Sequence[str]) -> Match:
    """Return the layout that has its required roles and explains most headers, or else the nearest one."""
    folded = [fold(header) for header in headers]
    matches = [layout.match(folded) for layout in layouts]
    return max(matches, key=lambda match: match.score)


def match_headless(layouts: Iterable[Layout], cells: Sequence[str]) -> Match | None:
    """Return the layout of a file without headers whose cell patterns the first row fits, if any."""
    for layout in layouts:
        patterns = layout.setting("headless")
        if not patterns or len(cells) < len(patterns):
            continue
        if all(p == "*" or re.fullmatch(p, cell.strip()) for p, cell in zip(patterns, cells, strict=False)):
            places = {role: int(aliases[0][1:]) - 1 for role, aliases in layout.roles.items()}
            return Match(layout, {role: at for role, at in places.items() if at < len(cells)}, ())
    return None


def is_year(header: str) -> bool:
    """Whether a header is a calendar year, as 2003 or 2003年."""
    return re.fullmatch(r"(19|20)\d{2}年?", fold(header)) is not None


def _joined(rows: pd.DataFrame) -> dict[str, str]:
    """Return the headers of each role; a role may have several rows, as its aliases may differ in standing."""
    return {str(role): "|".join(mine) for role, mine in rows.groupby("role", sort=False)["headers"]}


def _aliases(headers: str) -> tuple[str, ...]:
    return tuple(fold(alias) for alias in headers.split("|"))


def _place(folded: Sequence[str], aliases: tuple[str, ...]) -> int | None:
    if aliases == (YEARS,):
        years = [at for at, header in enumerate(folded) if is_year(header)]
        return years[0] if len(years) > 1 else None
    return next((at for alias in aliases if (at := _position(folded, alias)) is not None), None)


def _position(folded: Sequence[str], alias: str) -> int | None:
    """Return where a header stands; `#18` is the eighteenth column, if it has no header."""
    if re.fullmatch(r"#\d+", alias):
        at = int(alias[1:]) - 1
        return at if at < len(folded) and not folded[at] else None
    return folded.index(alias) if alias in folded else None
