import hashlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from citypanel.canonical import (
    Origin,
    combine_origins,
    read_frame,
    read_origin,
    read_table,
    write_frame,
    write_table,
)
from citypanel.errors import InputError

SIMULATED = Origin(simulated=True, licences=("MIT",))


def city_year(**changes: object) -> pd.DataFrame:
    row = {
        "adcode": 320500,
        "year": 2011,
        "variable": "gdp_wan",
        "value": 1.5,
        "unit": "10k yuan",
        "source": "yearbook.xlsx",
        "source_row": 2,
        "interpolated": False,
    }
    return pd.DataFrame([{**row, **changes}])


def exports(**changes: object) -> pd.DataFrame:
    row = {
        "firm": "3205940001",
        "firm_name": "某公司",
        "hs8": "01012100",
        "hs_revision": "2002",
        "destination": "USA",
        "year": 2003,
        "month": None,
        "city_registered": 320500,
        "city_producing": None,
        "value_usd": 10.0,
        "quantity": None,
        "unit": None,
        "regime": None,
        "ownership": None,
        "source_file": "a.csv",
        "source_row": 2,
    }
    return pd.DataFrame([{**row, **changes}])


def test_a_frame_comes_back_as_it_was_written_with_its_origin(tmp_path: Path) -> None:
    path = tmp_path / "exports.parquet"
    write_table(exports(), path, "exports", origin=SIMULATED)
    back = read_table(path, "exports")
    assert back.loc[0, "hs8"] == "01012100"
    assert back["month"].isna().all()
    assert str(back["city_registered"].dtype) == "Int32"
    assert read_origin(path) == SIMULATED


def test_patents_keep_their_applicants_as_a_list_of_structures(tmp_path: Path) -> None:
    applicant = {"name": "苏州大学", "kind": "organisation", "adcode": 320500, "resolved_by": "name"}
    patents = pd.DataFrame(
        {
            "application_no": ["201010123456"],
            "date": [pd.Timestamp("2010-03-01").date()],
            "kind": ["invention"],
            "ipc": [None],
            "applicants": [[applicant, {**applicant, "name": "某厂", "adcode": None}]],
            "source_file": ["p.csv"],
            "source_row": [2],
        },
    )
    path = tmp_path / "patents.parquet"
    write_table(patents, path, "patents", origin=Origin())
    back = read_table(path, "patents").loc[0, "applicants"]
    assert [repr(a["adcode"]) for a in back] == ["320500", "None"]


def test_the_same_rows_give_the_same_bytes_however_they_arrive(tmp_path: Path) -> None:
    frame = city_year()
    reversed_columns = frame[list(frame.columns[::-1])]
    schema = pa.Table.from_pandas(frame, preserve_index=False)
    stream = pa.RecordBatchReader.from_batches(schema.schema, schema.to_batches())
    digests = set()
    for number, rows in enumerate((frame, reversed_columns, schema, stream)):
        path = tmp_path / f"{number}.parquet"
        write_table(rows, path, "city_year", origin=SIMULATED)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("table", "rows", "words"),
    [
        ("city_year", city_year(value=float("inf")), ["value", "inf", "finite"]),
        ("city_year", city_year(value=None), ["value", "1 missing"]),
        ("city_year", city_year(extra=1), ["extra", "allowed: adcode"]),
        ("city_year", city_year().drop(columns="unit"), ["unit", "missing", "found: adcode"]),
        ("city_year", city_year(adcode=3205), ["adcode", "3205", "110000 or more"]),
        ("city_year", pd.concat([city_year(), city_year()]), ["adcode=320500", "2 times"]),
        ("city_year", city_year(year=2011.5), ["year", "2011.5"]),
        ("exports", exports(hs8="1012100"), ["hs8", "'1012100'"]),
        ("exports", exports(hs_revision="2003"), ["hs_revision", "2003", "2002"]),
        ("exports", exports(value_usd=-1.0), ["value_usd", "-1.0", "0 or more"]),
    ],
)
def test_rows_that_break_the_contract_are_refused_in_one_line_and_leave_nothing(
    tmp_path: Path,
    table: str,
    rows: pd.DataFrame,
    words: list[str],
) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(InputError) as caught:
        write_table(rows, path, table, origin=Origin())
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in ["t.parquet", *words])
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(city_year(), path, "city_year", origin=Origin())
    before = path.read_bytes()
    with pytest.raises(InputError):
        write_table(city_year(value=None), path, "city_year", origin=Origin())
    assert path.read_bytes() == before


def test_a_file_that_another_program_wrote_is_checked_on_reading(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    city_year(adcode="320500").to_parquet(path)
    with pytest.raises(InputError, match="adcode"):
        read_table(path, "city_year")
    path.write_bytes(b"not parquet")
    with pytest.raises(InputError, match="not a Parquet file"):
        read_table(path, "city_year")
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "absent.parquet", "city_year")


def test_what_is_made_from_simulated_rows_is_simulated_and_licences_add_up() -> None:
    mixed = combine_origins([SIMULATED, Origin(licences=("licensed", "MIT"))])
    assert mixed == Origin(simulated=True, licences=("MIT", "licensed"))
    assert combine_origins([]) == Origin()


def test_free_tables_carry_their_origin_too(tmp_path: Path) -> None:
    path = tmp_path / "panel.parquet"
    write_frame(pd.DataFrame({"city": [1], "y": [0.5]}), path, origin=SIMULATED)
    assert read_origin(path) == SIMULATED
    assert read_frame(path, ["y"])["y"].tolist() == [0.5]
    with pytest.raises(InputError, match="'z' is missing"):
        read_frame(path, ["z"])
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "foreign.parquet")
    assert read_origin(tmp_path / "foreign.parquet") == Origin()
