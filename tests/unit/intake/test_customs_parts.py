"""Customs files read side by side and joined: the same bytes as read at once, and every row accounted for."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from citypanel.canonical import Origin, read_table
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake import customs_join, customs_parts
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs import intake_customs, read_customs
from citypanel.intake.customs_parts import Part
from citypanel.intake.reading import read_blocks
from citypanel.intake.recognise import Recogniser

HEADER = "日期,进口或出口,税号编码,金额,数量,数量单位,企业编码,经营单位,消费地或生产地,企业性质,起运国或目的国,贸易方式"
GOOD = "200301,出口,1012100,1000.25,10,头,3205940001,苏州某公司,32059,私营企业,美国,一般贸易"
KINDS = ("", ".rejects", ".attrition", ".files")


def written(path: Path, *lines: str, encoding: str = "gb18030", end: str = "\n") -> Path:
    path.write_bytes(end.join([HEADER, *lines, ""]).encode(encoding))
    return path


def joined(tmp_path: Path, groups: Sequence[Sequence[Path]], rules: CustomsRules | None = None) -> Outputs:
    parts = [Part.inside(tmp_path / f"part{at}") for at in range(len(groups))]
    for part, files in zip(parts, groups, strict=True):
        read_customs(files, part, root=tmp_path, rules=rules)
    out = replace(Outputs.beside(tmp_path / "joined.parquet"), completeness=tmp_path / "joined.completeness.parquet")
    customs_join.join_customs(parts, out, rules)
    return out


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three files with repairs, rejects, copies within and across, and lines that are no rows."""
    other = GOOD.replace("3205940001", "3201940002").replace("32059", "32019")
    bad = [GOOD.replace("美国", "中国"), GOOD.replace("1000.25", "x"), GOOD.replace("出口", "进口"), "a,b"]
    return [
        written(tmp_path / "c1.csv", GOOD, *bad, GOOD, other),
        written(tmp_path / "c2.csv", other, *bad, GOOD.replace("200301", "200302")),
        written(
            tmp_path / "c3.csv", '"never closed', other.replace("美国", "德国"), GOOD, GOOD.replace("10,头", ",头")
        ),
    ]


@pytest.mark.parametrize("groups", [[[0], [1], [2]], [[0, 1], [2]], [[0], [1, 2]]])
def test_files_read_side_by_side_give_the_bytes_of_files_read_at_once(
    groups: list[list[int]], files: list[Path], tmp_path: Path
) -> None:
    whole = replace(Outputs.beside(tmp_path / "whole.parquet"), completeness=tmp_path / "whole.completeness.parquet")
    intake_customs(files, whole, root=tmp_path)
    out = joined(tmp_path, [[files[at] for at in group] for group in groups])
    for name in ("table", "rejects", "attrition", "files", "completeness"):
        assert getattr(out, name).read_bytes() == getattr(whole, name).read_bytes()


def test_every_row_read_is_kept_or_rejected_for_a_reason_in_every_file(files: list[Path], tmp_path: Path) -> None:
    out = joined(tmp_path, [[file] for file in files])
    accounts = read_table(out.files, "files")
    assert (accounts["rows_read"] == accounts["rows_kept"] + accounts["rows_rejected"]).all()
    assert accounts[["rows_read", "rows_kept"]].to_numpy().tolist() == [[7, 2], [6, 1], [4, 1]]
    steps = read_table(out.attrition, "attrition")
    assert steps["rows_before"].iloc[0] == 17
    rejects = read_table(out.rejects, "rejects")
    for before, after in pairwise(steps[steps["step"] <= 6].to_dict("records")):
        assert before["rows_after"] == after["rows_before"]
        if before["step"] > 0:
            assert before["value_usd_after"] == after["value_usd_before"]
    dropped = steps.assign(rows=steps["rows_before"] - steps["rows_after"]).groupby("reason")["rows"].sum()
    assert dropped[dropped > 0].to_dict() == rejects.groupby("reason").size().to_dict()
    copies = rejects[rejects["reason"] == "the same row stands earlier"]
    assert copies["text"].tolist() == [
        "row 2 of c1.csv", "row 8 of c1.csv", "row 3 of c1.csv", "row 4 of c1.csv", "row 2 of c1.csv",
    ]  # fmt: skip
    padded = steps.query("reason == 'leading zero restored'")
    assert padded["changed"].tolist() == [4]
    # What a repair is counted beside is what its step has left, so the account runs on without a jump.
    assert padded["rows_before"].tolist() == [7]


def test_a_copy_is_found_whatever_its_encoding_quotes_line_ends_and_container(tmp_path: Path) -> None:
    quoted = ",".join(f'"{cell}"' for cell in GOOD.split(","))
    copies = [
        written(tmp_path / "a.csv", GOOD),
        written(tmp_path / "b.csv", GOOD, encoding="utf-8-sig"),
        written(tmp_path / "c.csv", quoted, end="\r\n"),
    ]
    sheet = pd.DataFrame([GOOD.split(",")], columns=HEADER.split(","))
    sheet.to_parquet(tmp_path / "d.parquet")
    exports = joined(tmp_path, [[file] for file in (*copies, tmp_path / "d.parquet")])
    assert read_table(exports.table, "exports")["source_file"].tolist() == ["a.csv"]


def test_rows_of_another_year_are_no_copies(tmp_path: Path) -> None:
    header, row = "_进口或出口,_企业编码,_税号编码,_起运国或目的国,_金额,_数量", "0,3205940001,1012100,502,10,1"
    paths = [tmp_path / f"tradedata_{name}.csv" for name in ("2007_1", "2007_2", "2008_1")]
    for number, path in enumerate(paths):
        path.write_text(f"{header}\n{row}\n" + f"1,{number},,,,\n" * (number + 1), encoding="utf-8")
    out = joined(tmp_path, [[path] for path in paths])
    assert read_table(out.table, "exports")["year"].tolist() == [2007, 2008]


@pytest.mark.parametrize("groups", [[[0, 1, 2]], [[0], [1], [2]], [[1], [0, 2]]])
def test_a_file_of_the_same_bytes_is_merged_whatever_year_its_name_says(
    groups: list[list[int]], tmp_path: Path
) -> None:
    header, rows = "_进口或出口,_企业编码,_税号编码,_起运国或目的国,_金额,_数量", ["0,3205940001,1012100,502,10,1", "x"]
    paths = [tmp_path / f"tradedata_{name}.csv" for name in ("2007_1", "2007_2", "2008_1")]
    for number, path in enumerate(paths):
        lines = [header, *rows, *(["0,3205940001,1012100,502,20,1"] if number == 1 else []), ""]
        path.write_text("\n".join(lines), encoding="utf-8")
    out = joined(tmp_path, [[paths[at] for at in group] for group in groups])
    files = read_table(out.files, "files").set_index("source_file")
    assert files.loc["tradedata_2008_1.csv", ["rows_read", "rows_kept", "rows_rejected", "rows_merged"]].tolist() == [
        2, 0, 0, 2,
    ]  # fmt: skip
    exports = read_table(out.table, "exports")
    assert sorted(exports["value_usd"].tolist()) == [10, 20]
    assert set(exports["year"]) == {2007}
    first = read_table(out.attrition, "attrition").iloc[0]
    assert (first["reason"], first["rows_before"] - first["rows_after"]) == (
        "the file holds the same bytes as another",
        2,
    )
    assert not read_table(out.rejects, "rejects")["source_file"].eq("tradedata_2008_1.csv").any()
    year = read_table(out.completeness, "completeness").iloc[0]
    assert (year["year"], year["rows"], year["with_quantity"]) == (2007, 2, 2)


def test_rows_that_share_a_print_by_accident_are_no_copies(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customs_parts._Prints, "of", lambda *_: pa.array([7] * len(_[1][0]), pa.uint64()).to_numpy())
    out = joined(tmp_path, [[files[0]], [files[2]]])
    # All prints are the same; value and quantity still tell these apart.
    assert sorted(read_table(out.table, "exports")["quantity"].tolist()) == [10]
    assert "not a number" in " ".join(read_table(out.rejects, "rejects")["reason"])


def test_any_number_of_buckets_finds_the_same_copies(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = joined(tmp_path, [files]).rejects.read_bytes()
    monkeypatch.setattr(customs_join, "BUCKET", 2)
    assert joined(tmp_path, [files]).rejects.read_bytes() == one


def test_rules_that_are_off_say_so(files: list[Path], tmp_path: Path) -> None:
    rules = CustomsRules(require_quantity=False, drop_duplicates=False, keep_reimports=True)
    out = joined(tmp_path, [[file] for file in files], rules)
    steps = read_table(out.attrition, "attrition")
    off = steps[steps["reason"].str.startswith("not applied: ")]
    assert off["reason"].str.removeprefix("not applied: ").tolist() == [
        "the same row stands earlier", "quantity is zero", "quantity is missing",
        "a re-import: the destination is the exporting country",
    ]  # fmt: skip
    assert (off["rows_before"] == off["rows_after"]).all()


def test_parts_of_two_releases_of_the_hash_or_with_one_file_twice_are_refused(
    files: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"two files are called c1\.csv"):
        joined(tmp_path, [[files[0]], [files[0]]])
    parts = [Part.inside(tmp_path / name) for name in ("x", "y")]
    read_customs([files[0]], parts[0], root=tmp_path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(customs_parts, "HASH", "duckdb 0.1")
        read_customs([files[1]], parts[1], root=tmp_path)
    with pytest.raises(InputError, match=r"read with duckdb 0\.1 and duckdb .*; read all of them again"):
        customs_join.join_customs(parts, Outputs.beside(tmp_path / "z.parquet"), None)
    assert not list(tmp_path.glob("z*"))


def test_the_origin_of_the_table_is_that_of_all_parts(files: list[Path], tmp_path: Path) -> None:
    parts = [Part.inside(tmp_path / name) for name in ("x", "y")]
    for part, file, origin in zip(
        parts, files, (Origin(licences=("a",)), Origin(simulated=True, licences=("b",))), strict=False
    ):
        read_customs([file], part, root=tmp_path, origin=origin)
    out = Outputs.beside(tmp_path / "z.parquet")
    customs_join.join_customs(parts, out, None)
    stored = json.loads(pa.parquet.read_schema(out.table).metadata[b"citypanel.origin"])
    assert stored == {"licences": ["a", "b"], "simulated": True}


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("spoil", [lambda text: text, lambda text: text[:-3], lambda text: text + b'"a\nb",c\n\x81,\n'])
def test_coded_columns_hold_the_cells_that_text_columns_hold(
    encoding: str, spoil: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    rows = [GOOD.replace("苏州", f"苏州{k % 7}镕").replace("1000.25", f"{k}.5") for k in range(50)]
    path = written(tmp_path / "c.csv", *rows, encoding=encoding)
    path.write_bytes(spoil(path.read_bytes()))
    raw = Recogniser().recognise(path, root=tmp_path)
    texts, coded = list(read_blocks(raw)), list(read_blocks(raw, plain=[3]))
    assert [block.rows.tolist() for block in texts] == [block.rows.tolist() for block in coded]
    assert [block.refused for block in texts] == [block.refused for block in coded]
    for one, other in zip(texts, coded, strict=True):
        kinds = [pa.types.is_dictionary(column.type) for column in other.table.columns]
        assert kinds == [at != 3 for at in range(12)]
        assert one.table.to_pylist() == other.table.to_pylist()
        every = np.ones(len(one.rows), dtype=bool)
        assert one.texts(every).to_pylist() == other.texts(every).to_pylist()
