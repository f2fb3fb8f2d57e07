"""Where applicants sit: the ranks in their order, what each answer is worth, and the coverage by year."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.declare.intake import PatentRules
from citypanel.intake.accounting import Outputs
from citypanel.intake.organisations import Organisations
from citypanel.intake.patents import coverage_path, intake_patents
from citypanel.registers import FOLDER, Registers

HEADER = "申请号,申请日,申请人,申请人数量,申请人地址,中国申请人地市,中国申请人区县,工商注册地址,工商统一社会信用代码"
Read = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


def line(
    serial: int, names: str, *, year: int = 2015, count: str = "", address: str = "", city: str = "", county: str = "",
    registered: str = "", credit: str = "",
) -> str:  # fmt: skip
    number = f"CN{year}1{serial:07d}.1"
    return ",".join([number, f"{year}0412", names, count, address, city, county, registered, credit])


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def intake(*lines: str, rules: PatentRules | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
        (tmp_path / "p.csv").write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
        out = Outputs.beside(tmp_path / "out" / "patents.parquet")
        intake_patents([tmp_path / "p.csv"], out, root=tmp_path, rules=rules)
        return read_table(out.table, "patents"), read_table(coverage_path(out), "coverage")

    return intake


def answers(patents: pd.DataFrame, at: int = 0) -> list[tuple[int | None, str, str | None]]:
    return [(a["adcode"], a["resolved_by"], a["confidence"]) for a in patents.applicants.iloc[at]]


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ([line(1, "甲公司; 乙化工公司", city="苏州市; 无锡市", registered="南京市")], (320200, "city_field", "high")),
        ([line(1, "甲公司; 乙化工公司", city="苏州市; 无锡市", count="3")], (None, "unresolved", None)),
        (
            [line(1, "甲公司; 乙化工公司", address="江苏省苏州市某路; 江苏省无锡市某路")],
            (320200, "address", "high"),
        ),
        (
            [line(1, "甲公司; 乙化工公司"), line(2, "乙化工公司", city="杭州市", registered="江苏省无锡市")],
            (330100, "first_applicant", "high"),
        ),
        (
            [line(1, "甲公司; 乙化工公司"), line(2, "乙化工公司", year=2005, city="杭州市", registered="江苏省无锡市")],
            (320200, "registry", "high"),
        ),
        (
            [line(1, "甲公司; 乙化工公司"), line(2, "乙化工公司", credit="91320583MA1MB3G02X")],
            (320500, "registry", "high"),
        ),
        ([line(1, "甲公司; 中山大学", registered="广东省中山市")], (440100, "register", "medium")),
        ([line(1, "甲公司; 乙化工（威海）公司")], (371000, "name", "medium")),
        ([line(1, "甲公司; 威海乙化工公司")], (371000, "name", "low")),
        ([line(1, "甲公司; 朝阳区乙化工公司")], (None, "unresolved", None)),
    ],
)
def test_the_second_applicant_is_placed_by_the_first_rank_that_answers(read: Read, lines: list[str], answer) -> None:
    patents, _ = read(*lines)
    assert answers(patents, len(patents) - 1 if lines[-1].startswith("CN2005") else 0)[1] == answer


@pytest.mark.parametrize(("elsewhere", "worth"), [(1, "medium"), (0, "high")])
def test_a_modal_city_is_worth_what_its_share_is(read: Read, elsewhere: int, worth: str) -> None:
    often = [line(10 + at, "乙化工公司", city="杭州市") for at in range(3)]
    other = [line(20 + at, "乙化工公司", city="宁波市") for at in range(elsewhere)]
    patents, _ = read(line(1, "甲公司; 乙化工公司"), *often, *other)
    assert answers(patents)[1] == (330100, "first_applicant", worth)


def test_the_namesake_of_a_person_tells_no_place(read: Read) -> None:
    patents, _ = read(line(1, "甲公司; 林英"), line(2, "林英", city="杭州市"))
    assert answers(patents)[1] == (None, "unresolved", None)


@pytest.mark.parametrize(
    ("place", "adcode"),
    [
        ({"city": "鼓楼区"}, None),
        ({"county": "昆山市"}, 320500),
        ({"county": "鼓楼区", "address": "江苏省南京市鼓楼区某路1号"}, 320100),
        ({"address": "湖北省仙桃市某路"}, None),
        ({"address": "江苏省吴江市某路"}, 320500),
        ({"address": "陕西省西安市长安区某路"}, 610100),
    ],
)
def test_bare_districts_are_placed_only_where_they_are_one(read: Read, place: dict[str, str], adcode) -> None:
    patents, _ = read(line(1, "甲公司", **place))
    assert answers(patents)[0][0] == adcode


def test_places_are_those_of_the_year_or_of_a_base_year(read: Read) -> None:
    rows = [line(1, "甲公司", year=2018, city="莱芜市"), line(2, "甲公司", year=2020, city="莱芜市")]
    dated, _ = read(*rows)
    assert [answers(dated, at)[0][0] for at in (0, 1)] == [371200, 370100]
    now, _ = read(*rows, rules=PatentRules(base_year=2020))
    assert [answers(now, at)[0][0] for at in (0, 1)] == [370100, 370100]


def test_the_coverage_counts_organisations_by_year_rank_and_worth(read: Read) -> None:
    _, coverage = read(
        line(1, "甲公司; 乙化工公司; 林英", city="苏州市"),
        line(2, "威海丙公司", year=2016),
        line(3, "丁厂", year=2016),
    )
    assert coverage.to_numpy().tolist() == [
        [2015, "city_field", "high", 1, 1, 0.5],
        [2015, "unresolved", "", 1, 1, 0.5],
        [2016, "name", "low", 1, 0, 0.5],
        [2016, "unresolved", "", 1, 0, 0.5],
    ]


def test_the_register_of_organisations_is_extended_by_a_row(tmp_path: Path) -> None:
    own = tmp_path / "registers"
    own.mkdir()
    for file in FOLDER.glob("*.csv"):
        (own / file.name).write_bytes(file.read_bytes())
    with (own / "organisations.csv").open("a", encoding="utf-8") as sink:
        sink.write("乙化工公司,320200,firm,seen,\n")
    (tmp_path / "p.csv").write_text(f"{HEADER}\n{line(1, '甲公司; 乙化工公司')}\n", encoding="utf-8")
    out = Outputs.beside(tmp_path / "out" / "patents.parquet")
    intake_patents([tmp_path / "p.csv"], out, registers=Registers(own))
    assert answers(read_table(out.table, "patents"))[1] == (320200, "register", "medium")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("甲,乙,sister,seen,", "found relation 'sister'; allowed: variant, renamed, subsidiary"),
        ("甲,乙,variant,seen,\n甲,丙,variant,seen,", "found counted_as '乙' and '丙'; allowed: one"),
        ("甲,乙,variant,seen,\n乙,甲,variant,seen,", "counted as itself"),
    ],
)
def test_a_register_that_contradicts_itself_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "organisation_variants.csv").write_text(f"name,counted_as,relation,standing,note\n{rows}\n", "utf-8")
    with pytest.raises(Exception, match=message):
        Organisations.of(Registers(tmp_path))
