"""Which cities and years of an indicator, and which variables of a panel, may leave."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from citypanel.canonical import read_frame
from citypanel.package.disclosure import Rules, refused_cells, refused_differences
from citypanel.package.lineage import Lineage
from citypanel.package.reads import leaves
from citypanel.package.refusals import Refusal, refusal
from citypanel.package.rights import Rights, files_of_variable
from citypanel.receipts import Receipt

KEYS = ["adcode", "year"]


@dataclass
class CellsGate:
    """Judges cells made from the records of firms by the counts of firms behind them.

    Parameters
    ----------
    public : bool
        Whether the rules on firms apply; a restricted package only obeys licences.
    """

    lineage: Lineage
    rights: Rights
    rules: Rules
    public: bool
    _cells: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def statistics_only(self, path: str) -> list[Refusal]:
        """Return a refusal for each source behind a file that lets no single value leave."""
        return [
            refusal(path, "statistics", source=(source.title_en, source.title_zh), licence=source.licence)
            for source in self.rights.behind(path)
            if source.gives == "statistics"
        ]

    def protected(self, path: str) -> bool:
        """Return whether single firms must not be told from a file's values."""
        return self.public and any(source.protects == "firms" for source in self.rights.behind(path))

    def refused(self, path: str) -> pd.DataFrame:
        """Return the cells of an indicator that may not be told: `adcode`, `year`, `rule`, `other`."""
        if path not in self._cells:
            self._cells[path] = self._refused(path)
        return self._cells[path]

    def _refused(self, path: str) -> pd.DataFrame:
        """Join an indicator's cells with the counts of firms; a cell without a count is refused as well."""
        world, indicator, variant = (*Path(path).parts[-3:-1], Path(path).stem)
        table = read_frame(self.lineage.root / path).rename(columns={"adcode_i": "adcode"})
        values = table[KEYS].drop_duplicates()
        counts, differences = self._counts(world)
        own = counts[(counts["indicator"] == indicator) & (counts["variant"] == variant)]
        known = values.merge(own[[*KEYS, "firms", "top_share"]], how="left", on=KEYS)
        reason = refused_cells(known, self.rules)
        few = known["firms"] < self.rules.min_firms
        known["rule"] = np.select([known["firms"].isna(), few, reason != ""], ["uncounted", "few", "dominated"], "")
        known["other"] = ""
        apart = differences[
            (differences["indicator"] == indicator)
            & ((differences["variant"] == variant) | (differences["other"] == variant))
            & refused_differences(differences, self.rules)
        ]
        other = np.where(apart["variant"] == variant, apart["other"], apart["variant"])
        apart = apart[KEYS].assign(rule="differenced", other=other)
        found = pd.concat([known.loc[known["rule"] != "", [*KEYS, "rule", "other"]], apart], ignore_index=True)
        return found.sort_values(["rule", "other", *KEYS], ignore_index=True)

    def _counts(self, world: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        job = next((job for job in self.lineage.receipts if _counts_world(job) == world), None)
        if job is None:
            empty = pd.DataFrame(columns=["indicator", "variant", *KEYS, "firms", "top_share", "other"])
            return empty, empty
        paths = {Path(path).stem: self.lineage.root / path for path in job.outputs}
        return read_frame(paths["contributors"]), read_frame(paths["differences"])

    def indicator(self, path: str) -> list[Refusal]:
        """Return why an indicator's file may not leave."""
        refusals = self.statistics_only(path)
        if not refusals and self.protected(path):
            refusals = self.told(path, self.refused(path))
        return refusals

    def told(self, path: str, cells: pd.DataFrame, part: str = "") -> list[Refusal]:
        """Return a refusal for each rule that some of the cells break."""
        return [
            refusal(
                path,
                str(rule),
                part,
                count=len(rows),
                city=int(rows["adcode"].iloc[0]),
                year=int(rows["year"].iloc[0]),
                other=str(other),
                min_firms=self.rules.min_firms,
                largest=self.rules.largest,
                share=self.rules.share,
            )
            for (rule, other), rows in cells.groupby(["rule", "other"], sort=True)
        ]


def _counts_world(job: Receipt) -> str | None:
    return job.wildcards.get("world") if job.rule == "count_contributors" else None


@dataclass(frozen=True)
class PanelGate:
    """What of a panel may leave: `withheld` variables with the cells of the panel that they would tell."""

    path: str
    panel: pd.DataFrame
    withheld: dict[str, npt.NDArray[np.bool_]]
    refusals: list[Refusal]


def judge_panel(job: Receipt, path: str, gate: CellsGate) -> PanelGate:
    """Judge the variables of a panel.

    A variable with one cell that may not be told leaves as a whole: with all other cells at hand, published means
    and coefficients would give the cell back.
    """
    panel = read_frame(gate.lineage.root / path)
    withheld: dict[str, npt.NDArray[np.bool_]] = {}
    refusals = []
    for name in job.params["declared"]["variables"]:
        told, cells = _judge_variable(job, path, name, panel, gate)
        if told:
            withheld[name] = cells
            refusals += told
    return PanelGate(path, panel, withheld, refusals)


def _judge_variable(
    job: Receipt, path: str, name: str, panel: pd.DataFrame, gate: CellsGate
) -> tuple[list[Refusal], npt.NDArray[np.bool_]]:
    """Judge a variable by every cell it rests on, through formulas, lags and fixed years."""
    cells = np.zeros(len(panel), dtype=np.bool_)
    refusals: list[Refusal] = []
    for leaf, years in leaves(job.params["declared"]["variables"], name, panel["year"]):
        for source in files_of_variable(job, leaf):
            told = gate.statistics_only(source)
            if told:
                refusals += [Refusal(path, item.rule, item.reason_en, item.reason_zh, name) for item in told]
                cells[:] = True
            elif gate.protected(source):
                keys = pd.MultiIndex.from_arrays([panel["city"], years])
                refused = gate.refused(source) if "/indicators/" in source else _uncounted(panel["city"], years)
                known = pd.MultiIndex.from_frame(refused[KEYS])
                cells |= keys.isin(known)
                refusals += gate.told(path, refused[known.isin(keys)], name)
    return list(dict.fromkeys(refusals)), cells


def _uncounted(cities: pd.Series, years: pd.Series) -> pd.DataFrame:
    """Return all cells as refused: nothing counts the firms behind a table that is not made from their records."""
    cells = pd.DataFrame({"adcode": cities, "year": years}).drop_duplicates(ignore_index=True)
    return cells.assign(rule="uncounted", other="")
