"""One invention is counted once, each merge in the attrition table; bad cells are repaired and counted, or refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.declare.intake import PatentRules
from citypanel.intake.accounting import Account, Outputs
from citypanel.intake.patents import intake_patents
from citypanel.registers import FOLDER, Registers

HEADER = "标题,公开(公告)号,申请号,申请日,专利类型,申请人,申请人数量,简单同族ID,一案双申"
GOOD = {
    "title": "一种装置",
    "published": "",
    "number": "CN201210000028.6",
    "date": "20120412",
    "kind": "",
    "applicants": "甲电子有限公司; 乙大学",
    "count": "2",
    "family": "",
    "twin": "",
}
INVENTION, UTILITY = "CN201210000028.6", "CN201220000036.0"


def line(**changes: str) -> str:
    return ",".join({**GOOD, **changes}.values())


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[pd.DataFrame, pd.DataFrame, Account]]:
    def intake(
        *lines: str, rules: PatentRules | None = None, registers: Registers | None = None
    ) -> tuple[pd.DataFrame, pd.DataFrame, Account]:
        (tmp_path / "p.csv").write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
        out = Outputs.beside(tmp_path / "out" / "patents.parquet")
        account = intake_patents([tmp_path / "p.csv"], out, root=tmp_path, rules=rules, registers=registers)
        return read_table(out.table, "patents"), read_table(out.rejects, "rejects"), account

    return intake


def lost(account: Account) -> dict[str, int]:
    steps = account.attrition
    rows = steps.rows_before - steps.rows_after
    return {reason: int(n) for reason, n in zip(steps.reason, rows, strict=True) if n}


def changed(account: Account) -> dict[str, int]:
    steps = account.attrition[account.attrition.name == "applicants"]
    return {reason: int(n) for reason, n in zip(steps.reason, steps.changed, strict=True) if n}


TWIN = "utility model of an invention: same day, applicants and title, or stated (一案双申)"
PCT = "entered from an international application whose Chinese application is here"


def test_application_grant_and_repetition_are_three_rows_of_one_invention(run) -> None:
    patents, _, account = run(
        line(published="CN102000028B"), line(published="CN102000028A"), line(published="CN102000028A")
    )
    assert len(patents) == 1
    assert patents.source_row.tolist() == [3]
    assert lost(account) == {"application and grant of one patent": 1, "the same publication in another row": 1}


@pytest.mark.parametrize(
    ("changes", "one"),
    [
        ({}, True),
        ({"applicants": "乙大学; 甲电子有限公司"}, True),
        ({"title": "一种 装置"}, True),
        ({"date": "20120413"}, False),
        ({"title": "另一种装置"}, False),
        ({"applicants": "甲电子有限公司"}, False),
        ({"title": "另一种装置", "twin": INVENTION}, True),
    ],
)
def test_a_utility_model_of_the_same_day_applicants_and_title_is_its_invention(run, changes, one) -> None:
    patents, _, account = run(line(), line(number=UTILITY, **changes))
    assert patents.kind.tolist() == (["invention"] if one else ["invention", "utility"])
    assert lost(account) == ({TWIN: 1} if one else {})


def test_two_patents_without_titles_are_no_pair(run) -> None:
    patents, _, _ = run(line(title=""), line(number=UTILITY, title=""))
    assert len(patents) == 2


def test_a_pair_that_is_only_flagged_is_found_if_there_is_one_such_pair(run) -> None:
    one, _, _ = run(line(twin="是"), line(number=UTILITY, title="别的", twin="是"))
    assert one.kind.tolist() == ["invention"]
    two, _, _ = run(
        line(twin="是"),
        line(number=UTILITY, title="别的", twin="是"),
        line(number="CN201220000044.1", title="又", twin="是"),
    )
    assert sorted(two.kind) == ["invention", "utility", "utility"]


def test_twins_are_kept_where_they_are_asked_for(run) -> None:
    patents, _, account = run(line(), line(number=UTILITY), rules=PatentRules(keep_twins=True))
    assert len(patents) == 2
    assert lost(account) == {}


def test_a_national_entry_leaves_where_its_family_has_an_application_of_its_own(run) -> None:
    entry = line(number="CN201280000011.5", title="别的", family="F1")
    with_own, _, account = run(line(family="F1"), entry)
    assert with_own.application_no.tolist() == ["201210000028"]
    assert lost(account) == {PCT: 1}
    alone, _, _ = run(line(family="F2"), entry)
    assert len(alone) == 2
    unknown, _, _ = run(line(family="-"), entry.replace("F1", "-"))
    assert len(unknown) == 2


def test_names_counted_as_one_organisation_are_one_applicant(run) -> None:
    power = line(applicants="江苏省电力公司; 国网江苏省电力有限公司; 乙大学", count="3")
    patents, _, account = run(power)
    assert [a["name"] for a in patents.applicants[0]] == ["国网江苏省电力有限公司", "乙大学"]
    assert patents.applicants[0][0]["adcode"] == 320100
    assert changed(account)["a name counted as its organisation's by registers/organisation_variants.csv"] == 1


def test_a_subsidiary_is_its_parent_only_where_groups_count_as_one(run) -> None:
    power = line(applicants="国网江苏省电力公司; 国家电网有限公司")
    apart, _, _ = run(power)
    assert len(apart.applicants[0]) == 2
    together, _, _ = run(power, rules=PatentRules(groups=True))
    assert [a["name"] for a in together.applicants[0]] == ["国家电网公司"]


def test_the_register_of_variants_is_extended_by_a_row(run, tmp_path: Path) -> None:
    own = tmp_path / "registers"
    own.mkdir()
    for file in FOLDER.glob("*.csv"):
        (own / file.name).write_bytes(file.read_bytes())
    with (own / "organisation_variants.csv").open("a", encoding="utf-8") as sink:
        sink.write("甲电子有限公司,乙大学,subsidiary,seen,\n甲电子公司,甲电子有限公司,variant,seen,\n")
    row = line(applicants="甲电子公司; 乙大学")
    apart, _, _ = run(row, registers=Registers(own))
    assert [a["name"] for a in apart.applicants[0]] == ["甲电子有限公司", "乙大学"]
    together, _, _ = run(row, registers=Registers(own), rules=PatentRules(groups=True))
    assert [a["name"] for a in together.applicants[0]] == ["乙大学"]


def test_bad_cells_are_repaired_and_counted(run) -> None:
    patents, rejects, account = run(
        line(),
        line(number="ＣＮ２０１３１０００００１１．５", applicants="甲电子有限公司；乙大学｜丙学院", count="２"),
        line(number="CN201310000028.6", date="2013.04.12", applicants="[甲电子有限公司] | [乙大学]"),
        line(number="CN201310000036.0", date="2013年4月12日", count="2.0"),
    )
    assert len(patents) == 4
    assert rejects.empty
    assert changed(account) == {
        "applicants separated by ； or |": 2,
        "application date written in another way than YYYYMMDD or YYYY-MM-DD": 2,
        "declared number of applicants is not the number of names": 1,
    }
    assert patents.application_no.tolist() == ["201210000028", "201310000011", "201310000028", "201310000036"]
    assert [len(applicants) for applicants in patents.applicants] == [2, 3, 2, 2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"number": "abc"}, "no application number"),
        ({"number": "PCT/CN2012/070001"}, "an international application (PCT), not a Chinese one"),
        ({"date": "2012-13-40"}, "no application date"),
        ({"date": "18120412"}, "application date before 1985 or after 2099"),
        ({"applicants": "；| ;"}, "no applicant"),
        ({"applicants": "乙大学;" + "甲" * 500}, "an applicant's name of more than 300 characters"),
    ],
)
def test_what_cannot_be_repaired_is_refused_with_file_row_and_reason(run, changes, reason) -> None:
    patents, rejects, account = run(line(), line(**changes))
    assert len(patents) == 1
    assert rejects[["source_file", "source_row", "reason"]].to_numpy().tolist() == [["p.csv", 3, reason]]
    assert changed(account) == {}
    assert lost(account) == {reason: 1}


def test_the_bytes_do_not_depend_on_the_order_of_the_rows(run, tmp_path: Path) -> None:
    rows = [
        line(number=f"CN20121000{i:04d}.1", title=str(i), applicants=f"甲{i}公司; 苏州乙{i}公司") for i in range(300)
    ]
    first, _, _ = run(*rows)
    second, _, _ = run(*rows[::-1])
    columns = ["application_no", "date", "kind", "applicants"]
    pd.testing.assert_frame_equal(first[columns], second[columns])


def test_neither_hash_seed_nor_threads_leave_a_trace(run, tmp_path: Path) -> None:
    rows = [
        line(number=f"CN20121000{i:04d}.1", title=str(i % 7), applicants=f"甲{i % 9}公司; 苏州乙{i}公司")
        for i in range(60)
    ]
    run(*rows)
    code = (
        "import sys; from pathlib import Path; from citypanel.intake.patents import intake_patents; "
        "intake_patents([Path(sys.argv[1])], Path(sys.argv[2]))"
    )
    found = set()
    for seed in ("0", "3"):
        out = tmp_path / seed / "p.parquet"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": str(int(seed) + 1)}
        subprocess.run([sys.executable, "-c", code, tmp_path / "p.csv", out], check=True, env=environment)
        found.add(tuple(path.read_bytes() for path in sorted(out.parent.glob("*.parquet"))))
    assert len(found) == 1
    assert len(next(iter(found))) == 5


def test_every_step_begins_where_the_one_before_it_ends(run) -> None:
    rows = (line(), line(published="CN102000028B"), line(number="x"), line(number=UTILITY), line(date=""))
    patents, _, account = run(*rows)
    steps = account.attrition.sort_values("step", kind="stable")
    assert steps.rows_before.tolist()[1:] == steps.rows_after.tolist()[:-1]
    assert (steps.rows_before.iloc[0], steps.rows_after.iloc[-1]) == (5, len(patents))
    files = account.files.iloc[0]
    assert (files.rows_read, files.rows_kept, files.rows_rejected, files.rows_merged) == (5, 1, 2, 2)
