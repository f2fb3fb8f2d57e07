"""What the cleaning of some chapters leaves in files: their flows, and the account of all their records.

Flows are an Arrow stream whose codes are ranks among sorted texts, so that many can be read without looking a text
up. Groups of chapters are put together here: flows to one set of partitions, accounts to one account.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from citypanel.arrays import Codes
from citypanel.atomic import written_beside
from citypanel.canonical import Origin, combine_origins, origin_in, origin_metadata
from citypanel.errors import InputError
from citypanel.indicators.attrition import THINGS, Counted, Ledger, Rule
from citypanel.indicators.cleaning_flows import FLOW
from citypanel.indicators.partitions import Partitions, buckets_for

Ranks = npt.NDArray[np.int64]

_CODED = pa.dictionary(pa.int32(), pa.string())
FLOWS = pa.schema(
    [
        ("product", _CODED), ("firm", _CODED), ("destination", _CODED), ("place", pa.int32()), ("year", pa.int16()),
        ("rows", pa.int32()), ("value", pa.float64()), ("quantity", pa.float64()), ("log_price", pa.float64()),
    ]
)  # fmt: skip
CODED = {"product": "product", "firm": "firms", "destination": "destinations"}  # column, and how it is counted
_ACCOUNT = b"citypanel.cleaning"
_THINGS = pa.schema([("unit", pa.string()), ("thing", pa.string()), ("last", pa.int16())])


@dataclass(frozen=True)
class Cleaned:
    """The two files that the cleaning of a group of chapters leaves."""

    flows: Path
    account: Path


@dataclass(frozen=True)
class CleanedAccount:
    """What was counted; US$ in millionths by place and year of all records read; the rules of the steps."""

    counted: Counted
    totals: Counter[tuple[int, int]]
    rules: tuple[Rule, ...]
    origin: Origin
    flows: int


def write_flows(parts: Partitions, texts: dict[str, list[str]], path: Path, origin: Origin) -> None:
    """Write flows partition by partition; `texts` are the sorted texts behind the codes, by column."""
    dictionaries = {name: pa.array(texts[name], type=pa.string()) for name in CODED}
    schema = FLOWS.with_metadata(origin_metadata(origin))
    with written_beside(path) as beside, pa.ipc.new_stream(str(beside), schema) as writer:
        for _, flows in parts.each():
            columns = {
                name: pa.DictionaryArray.from_arrays(pa.array(flows[name]), dictionaries[name])
                if name in CODED
                else pa.array(flows[name])
                for name in FLOWS.names
            }
            writer.write_batch(pa.record_batch([columns[name] for name in FLOWS.names], schema=schema))


def write_account(account: CleanedAccount, path: Path) -> None:
    """Write the account of a group."""
    counted = account.counted
    told = {
        **{name: sorted(getattr(counted, name).items()) for name in ("rows", "micro", "changed")},
        "pairs": sorted(counted.pairs),
        "totals": [[*key, amount] for key, amount in sorted(account.totals.items())],
        "flows": account.flows,
        "rules": [[rule.number, rule.name, rule.reason, rule.applied] for rule in account.rules],
    }
    metadata = {**origin_metadata(account.origin), _ACCOUNT: json.dumps(told, ensure_ascii=False).encode()}
    lines = [(unit, thing, last) for unit in THINGS for thing, last in sorted(counted.last[unit].items())]
    columns = [list(column) for column in zip(*lines, strict=True)] or [[], [], []]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, _THINGS, strict=True)]
    table = pa.table(arrays, schema=_THINGS.with_metadata(metadata))
    with written_beside(path) as beside, pa.ipc.new_stream(str(beside), table.schema) as writer:
        writer.write_table(table)


def read_account(path: Path) -> CleanedAccount:
    """Return the account of a group."""
    with pa.ipc.open_stream(str(path)) as reader:
        table, metadata = reader.read_all(), reader.schema.metadata
    told = json.loads(metadata[_ACCOUNT])
    rows, micro, changed = (Counter({int(rule): n for rule, n in told[name]}) for name in ("rows", "micro", "changed"))
    pairs = {(str(product), str(target)) for product, target in told["pairs"]}
    counted = Counted(rows, micro, changed, pairs=pairs)
    columns = (table[name].to_pylist() for name in _THINGS.names)
    for unit, thing, last in zip(*columns, strict=True):
        counted.last[unit][thing] = last
    totals = Counter({(place, year): amount for place, year, amount in told["totals"]})
    rules = tuple(Rule(*rule) for rule in told["rules"])
    return CleanedAccount(counted, totals, rules, origin_in(metadata), told["flows"])


@dataclass
class CleanFlows:
    """Flows of all groups by year and chapter, the texts behind their codes, and the account so far.

    `ledger` counts what leaves at later steps.
    """

    parts: Partitions
    texts: dict[str, list[str]]
    account: CleanedAccount
    ledger: Ledger = field(default_factory=Ledger)

    @property
    def chapters(self) -> Codes:
        """The chapter of each product."""
        return np.array([int(product[:2]) for product in self.texts["product"]] or [0])

    def counted(self) -> Counted:
        """Return the counts of all steps."""
        texts = {CODED[name]: found for name, found in self.texts.items()}
        both = self.ledger.counted({**texts, "product": self.texts["product"]})
        both.add(self.account.counted)
        return both


def joined(groups: Sequence[Cleaned], room: Path) -> CleanFlows:
    """Put the flows and accounts of all groups together; flows wait in a folder, sorted by product."""
    accounts = [read_account(group.account) for group in groups]
    whole = CleanedAccount(
        Counted(),
        Counter[tuple[int, int]](),
        accounts[0].rules,
        combine_origins(account.origin for account in accounts),
        sum(account.flows for account in accounts),
    )
    for account in accounts:
        whole.counted.add(account.counted)
        whole.totals.update(account.totals)
    if len({account.rules for account in accounts}) > 1:
        found = ", ".join(str(group.account) for group in groups)
        raise InputError(f"{found} were cleaned with different rules; clean all groups again")
    own = [_texts(group.flows) for group in groups]
    texts = {name: sorted({text for found in own for text in found[name]}) for name in CODED}
    buckets = buckets_for(whole.flows, len({year for _, year in whole.totals}))
    parts = Partitions(room / "joined", FLOW)
    for group, mine in zip(groups, own, strict=True):
        _deal(group.flows, {name: _ranks_among(mine[name], texts[name]) for name in CODED}, texts, parts, buckets)
    parts.sort("product")
    return CleanFlows(parts, texts, whole)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
        yield from reader


def _texts(path: Path) -> dict[str, list[str]]:
    """Return the sorted texts behind the codes of a file, by column; one without flows has none."""
    first = next(_batches(path), None)
    return {name: [] if first is None else first.column(name).dictionary.to_pylist() for name in CODED}


def _deal(path: Path, ranks: dict[str, Ranks], texts: dict[str, list[str]], parts: Partitions, buckets: int) -> None:
    """Put each flow of a file into the partition of its year and chapter, with codes of all groups' texts."""
    chapters = np.array([int(product[:2]) for product in texts["product"]] or [0])
    for batch in _batches(path):
        flows = np.empty(batch.num_rows, dtype=FLOW)
        for name in FLOWS.names:
            column = batch.column(name)
            flows[name] = ranks[name][column.indices.to_numpy()] if name in CODED else column.to_numpy()
        parts.scatter(flows["year"].astype(np.int64), chapters[flows["product"]] % buckets, flows)


def _ranks_among(own: list[str], every: list[str]) -> Ranks:
    """Return the rank of each text among all."""
    if len(own) == len(every):
        return np.arange(len(own))
    at = {text: rank for rank, text in enumerate(every)}
    return np.array([at[text] for text in own], dtype=np.int64)
