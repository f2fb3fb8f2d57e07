"""What must hold for any patent file: columns read as cells, rows conserved, counts independent of their order."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from citypanel.canonical import read_table
from citypanel.declare.indicators import CooperationOptions
from citypanel.indicators.cooperation import city_cooperation, city_pairs
from citypanel.intake.accounting import Outputs
from citypanel.intake.names import application_key, distinct, publication_key, split_names
from citypanel.intake.patents import intake_patents
from citypanel.intake.patents_text import application_keys, first_appearances, names_in, numbers, publication_keys
from citypanel.intake.patents_words import Words
from citypanel.registers import Registers

REGISTERS = Registers()
CELLS = st.text(alphabet="甲乙公司大学A 　;；|｜[]【】()（）.·Ａ１\t", max_size=24)
NUMBERS = st.text(alphabet="CNZLPT０１２0123456789.Xx /A", max_size=18)
POOL = ("苏州甲有限公司", "苏州乙有限公司", "无锡丙有限公司", "上海丁大学", "戊化工有限公司", "林英", "己（杭州）公司")
PATENTS = st.lists(
    st.tuples(st.integers(1, 12), st.integers(2010, 2012), st.lists(st.sampled_from(POOL), min_size=1, max_size=5)),
    min_size=1,
    max_size=25,
)


@given(st.lists(CELLS, max_size=12))
def test_names_read_by_column_are_those_read_by_cell(cells: list[str]) -> None:
    found = names_in(pa.array(cells, type=pa.string()))
    expected = [(row, at, name) for row, cell in enumerate(cells) for at, name in enumerate(split_names(cell))]
    listed = zip(found.row.tolist(), found.position.tolist(), found.code.tolist(), strict=True)
    assert [(row, at, found.words[code]) for row, at, code in listed] == expected
    assert found.counts.tolist() == [len(split_names(cell)) for cell in cells]
    kept = [(row, at) for row, cell in enumerate(cells) for at in distinct(split_names(cell))]
    first = first_appearances(found)
    assert list(zip(found.row[first].tolist(), found.position[first].tolist(), strict=True)) == kept


@given(st.lists(NUMBERS, max_size=12))
def test_numbers_read_by_column_are_those_read_by_cell(cells: list[str]) -> None:
    spelled = numbers(pa.array(cells, type=pa.string()))
    assert application_keys(spelled).to_pylist() == [application_key(cell) for cell in cells]
    assert publication_keys(spelled).to_pylist() == [publication_key(cell) for cell in cells]


@given(st.sets(st.text(alphabet="甲乙丙", min_size=2, max_size=4), max_size=8), st.text(alphabet="甲乙丙", max_size=12))
def test_words_are_found_wherever_they_stand(words: set[str], text: str) -> None:
    every = {(at, word) for word in words for at in range(len(text)) if text.startswith(word, at)}
    assert set(Words(words).spots(text)) == every


def _read(patents: list[tuple[int, int, list[str]]], folder: Path) -> tuple[Path, pd.DataFrame]:
    rows = [f"CN{year}1{serial:07d}.1,{year}0412,{'; '.join(names)}" for serial, year, names in patents]
    path = folder / "p.csv"
    path.write_text("\n".join(["申请号,申请日,申请人", *rows, ""]), encoding="utf-8")
    out = Outputs.beside(folder / "patents.parquet")
    files = intake_patents([path], out, registers=REGISTERS).files
    return out.table, files


@settings(max_examples=8, deadline=None)
@given(PATENTS)
def test_joint_patents_are_conserved_in_counts_and_pairs(patents: list[tuple[int, int, list[str]]]) -> None:
    with tempfile.TemporaryDirectory() as room:
        table, files = _read(patents, Path(room))
        assert (files.rows_read == files.rows_kept + files.rows_rejected + files.rows_merged).all()
        rows = read_table(table, "patents")
        assert set(rows.application_no) == {f"{year}1{serial:07d}" for serial, year, _ in patents}
        organisations = rows.applicants.map(lambda listed: sum(a["kind"] == "organisation" for a in listed))
        joint = int((organisations >= 2).sum())
        places = city_cooperation(table, CooperationOptions())
        pairs = city_pairs(table, CooperationOptions())
        accounting = pd.DataFrame(places.attrs["accounting"])
    assert accounting.joint.sum() == joint
    fractional = places.joint_fractional.sum() + accounting.fractional_unresolved.sum()
    weights = pairs.fractional.sum() + accounting.pair_weight_unresolved.sum()
    # Sums of a few hundred shares of n: only rounding.
    np.testing.assert_allclose([fractional, weights], joint, atol=1e-9)
    assert (places.intra + places.inter + places.undetermined >= places.joint).all()


@settings(max_examples=6, deadline=None)
@given(PATENTS, st.randoms())
def test_the_order_of_the_rows_changes_no_applicant(patents: list[tuple[int, int, list[str]]], order) -> None:
    once = list({(serial, year): (serial, year, names) for serial, year, names in patents}.values())
    shuffled = list(once)
    order.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as room, tempfile.TemporaryDirectory() as other:
        first = read_table(_read(once, Path(room))[0], "patents")
        second = read_table(_read(shuffled, Path(other))[0], "patents")
    columns = ["application_no", "date", "applicants"]
    pd.testing.assert_frame_equal(first[columns], second[columns])
