"""Reading users' tables: text stays text, and each fault names its place."""

from pathlib import Path

import pandas as pd
import pytest

from citypanel.errors import InputError
from citypanel.indicators.files import Wanted, read_columns, write_csv

COLUMNS = [Wanted("code", "code"), Wanted("who", "name", ("country",)), Wanted("x", "number_or_missing")]


def test_codes_keep_their_zeros_names_may_be_empty_and_na_is_a_country(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\ufeffcode,country,x,other\n 007 ,NA,1e3,\n08,,NA,\n", encoding="utf-8")
    frame = read_columns(tmp_path / "t.csv", COLUMNS)
    assert frame.columns.tolist() == ["code", "who", "x"]
    assert frame["code"].tolist() == ["007", "08"]
    assert frame["who"].tolist() == ["NA", ""]
    assert frame["x"].tolist() == [1000.0, pytest.approx(float("nan"), nan_ok=True)]


def test_numbers_are_read_to_the_last_digit_and_written_back(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("code,who,x\n1,a,0.1\n1,a,7915.893375596677\n1,a,1.7976931348623157e308\n")
    frame = read_columns(tmp_path / "t.csv", COLUMNS)
    assert frame["x"].tolist() == [0.1, 7915.893375596677, 1.7976931348623157e308]
    write_csv(frame, tmp_path / "u.csv")
    assert read_columns(tmp_path / "u.csv", COLUMNS)["x"].tolist() == frame["x"].tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('code,who,x\n1,a,1\n1,a,"1,234"\n', "column 'x', row 3: found '1,234'; allowed: a number"),
        ("code,who,x\n1,a,inf\n", "column 'x', row 2: found 'inf'; allowed: a finite number"),
        ("code,x\n1,2\n", "column 'who' is missing; found: code, x"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_row(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_columns(tmp_path / "t.csv", COLUMNS)


def test_other_encodings_are_refused_with_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("code,who,x\n1,中国,2\n".encode("gb18030"))
    with pytest.raises(InputError, match="allowed: CSV in UTF-8 with a header, or Parquet"):
        read_columns(tmp_path / "t.csv", COLUMNS)


def test_a_broken_parquet_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match=r"t.parquet cannot be read") as caught:
        read_columns(tmp_path / "t.parquet", COLUMNS)
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    class Fault(pd.DataFrame):
        def to_csv(self, *_: object, **__: object) -> None:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv(Fault({"x": [1]}), tmp_path / "u.csv")
    assert not list(tmp_path.iterdir())
