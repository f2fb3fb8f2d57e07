"""Instruments in a table: first stages as columns of their own, and the tests that judge instruments."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from citypanel.exhibits.decimals import rounded
from citypanel.exhibits.regression_rows import statistic_row
from citypanel.exhibits.shown import Shown
from citypanel.exhibits.stated import by_column
from citypanel.exhibits.table import Row
from citypanel.exhibits.words import say
from citypanel.result import ColumnResult, Record, TermResult
from citypanel.result import Row as CurveRow

# The tests of a block, in the order in which they are read: relevance, inference that stays valid, exogeneity.
DIAGNOSTICS: Mapping[str, tuple[str, ...]] = {
    "iv": (
        "first_stage_f",
        "effective_f",
        "kp_rk_lm",
        "kp_rk_lm_p",
        "kp_rk_f",
        "cragg_donald_f",
        "anderson_rubin_f",
        "anderson_rubin_p",
        "anderson_rubin_ci",
        "hansen_j",
        "overid_p",
        "endogeneity_p",
    ),
    "gmm": (
        "ar1_z",
        "ar1_p",
        "ar2_z",
        "ar2_p",
        "sargan",
        "sargan_p",
        "hansen",
        "hansen_df",
        "hansen_p",
        "instruments",
    ),
}
_OWN = {"iv": "kp_rk_f", "gmm": "ar1_z"}  # what only columns of the block have
_FIRST = ".first"


def with_first_stages(record: Record) -> Record:
    """Return the record with the first stages as columns before each column with instruments."""
    curve = record.curves.get("first_stage") or []
    columns: list[ColumnResult] = []
    for column in record.columns:
        number = column.column.partition(".")[0]
        rows = [row for row in curve if str(row.get("column", number)) == number]
        names = dict.fromkeys(str(row["endogenous"]) for row in rows)
        columns += [_stage(column, name, [row for row in rows if row["endogenous"] == name]) for name in names]
        columns.append(column)
    return record.with_columns(columns)


def _stage(column: ColumnResult, endogenous: str, rows: Sequence[CurveRow]) -> ColumnResult:
    terms = tuple(
        TermResult(str(row["term"]), *(_number(row.get(key)) for key in ("estimate", "se", "statistic", "p")))
        for row in rows
    )
    return replace(column, column=f"{column.column}{_FIRST}", outcome=endogenous, terms=terms, stats={})


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def stage_texts(columns: Sequence[ColumnResult], language: str) -> list[str]:
    """Return for each column whether it is a first or a second stage; nothing for other columns."""
    return [
        say("first stage", language)
        if column.column.endswith(_FIRST)
        else say("second stage", language)
        if "kp_rk_f" in column.stats
        else ""
        for column in columns
    ]


def diagnostic_rows(columns: Sequence[ColumnResult], shown: Shown) -> tuple[Row, ...]:
    """Return the declared blocks of tests, without those that no column has or that stand in `statistics`."""
    twice = shown.exhibit.get("statistics") or ()
    rows: list[Row] = []
    for block in shown.exhibit.get("diagnostics") or ():
        own = _of_block(columns, block)
        asked = [name for name in DIAGNOSTICS[block] if name not in twice]
        found = [name for name in asked if any(column.stats.get(name) is not None for column in own)]
        rows += [statistic_row(name, own, shown) for name in found]
    return tuple(rows)


def _of_block(columns: Sequence[ColumnResult], block: str) -> list[ColumnResult]:
    """Return the columns, those of other methods without statistics: a name such as Sargan is in several blocks."""
    return [column if _OWN[block] in column.stats else replace(column, stats={}) for column in columns]


def critical_values(columns: Sequence[ColumnResult], shown: Shown) -> str:
    """Return the sentence on Stock and Yogo's critical values, if the tests are shown and have them."""
    if "iv" not in (shown.exhibit.get("diagnostics") or ()):
        return ""
    texts = []
    for column in columns:
        value = column.stats.get("stock_yogo_10")
        texts.append(rounded(float(value), 2) if isinstance(value, (int, float)) else "")
    told = by_column(texts, shown.language, capital=False)
    return f"{say('stock yogo', shown.language)}{say('colon', shown.language)}{told}" if told else ""
