"""Whatever stands in a customs file: every row read is kept, rejected or merged, and every reject has its line."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citypanel.canonical import read_table
from citypanel.declare.intake import CustomsRules
from citypanel.errors import InputError
from citypanel.intake import text_blocks
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs import intake_customs

HEADER = "日期,进口或出口,税号编码,金额,数量,数量单位,企业编码,经营单位,消费地或生产地,起运国或目的国"
CELLS = (
    ("200301", "2003", "", "20O3", "2003-13"),
    ("出口", "进口", "0", "1", "转口"),
    ("84713000", "1012100", "8471XX00", "", "847130"),
    ("5", '"1,234.5"', "0", "-5", "五", " NA", "1e400"),
    ("1", "0", "", "-1", "many"),
    ("台", "035", "箩筐", ""),
    ("3205940001", "", "3415940001", "9999940001"),
    ("苏州某公司", "", '5" 管', '"甲\n乙"', '"开'),
    ("32059", "昆山", "99999", "", "37129"),
    ("美国", "中国", "亚洲", "亚特兰蒂斯", "", "502"),
)
rows = st.tuples(*(st.sampled_from(cells) for cells in CELLS)).map(",".join)
# Lines that are no rows: too few fields, empty, half a character, a NUL byte.
junk = st.sampled_from([b"a,b", b"", b"\xcb\xd5\xd6", b"\0\0", b",,,,,,,,,,,,"])
lines = st.lists(st.one_of(rows.map(lambda row: row.encode("gb18030")), junk), max_size=12)
ends = st.sampled_from([b"\n", b"\r\n"])
rules = st.builds(
    CustomsRules,
    require_quantity=st.booleans(),
    drop_duplicates=st.booleans(),
    keep_reimports=st.booleans(),
    base_year=st.sampled_from([None, 2010, 2020]),
)


@st.composite
def files(draw: st.DrawFn) -> list[bytes]:
    contents = []
    for _ in range(draw(st.integers(1, 3))):
        end = draw(ends)
        body = HEADER.encode("gb18030") + end + b"".join(line + draw(ends) for line in draw(lines))
        contents.append(body[: len(body) - draw(st.integers(0, 2))])
    return contents + draw(st.sampled_from([[], contents[:1]]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contents=files(), chosen=rules, block=st.sampled_from([70, 1 << 20]))
def test_rows_read_are_kept_rejected_or_merged_and_nothing_is_half_written(
    contents: list[bytes], chosen: CustomsRules, block: int
) -> None:
    usual = text_blocks.BLOCK
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / f"c{number}.csv" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        out = Outputs.beside(Path(folder) / "out" / "exports.parquet")
        text_blocks.BLOCK = block
        fault = None
        try:
            account = intake_customs(paths, out, root=Path(folder), rules=chosen)
        except InputError as refusal:
            fault = str(refusal)
        finally:
            text_blocks.BLOCK = usual
        if fault is not None:
            assert "\n" not in fault
            assert not out.table.exists()
            return
        kept, rejects = read_table(out.table, "exports"), read_table(out.rejects, "rejects")
    counts = account.files.set_index("source_file")
    parts = counts[["rows_kept", "rows_rejected", "rows_merged"]]
    pd.testing.assert_series_equal(counts["rows_read"], parts.sum(axis=1), check_names=False)
    for table, column in ((kept, "rows_kept"), (rejects, "rows_rejected")):
        found = table.groupby("source_file").size().reindex(counts.index, fill_value=0)
        assert found.tolist() == counts[column].tolist()
    # No row is both kept and rejected, and none twice.
    places = pd.concat([kept, rejects])[["source_file", "source_row"]]
    assert not places.duplicated().any()
    assert (places["source_row"] > 1).all()
    leaving = account.attrition["rows_before"] - account.attrition["rows_after"]
    assert leaving.sum() == counts["rows_read"].sum() - len(kept)
