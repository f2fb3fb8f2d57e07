"""The patent intake on 116 real publications without headers, application and grant side by side."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from citypanel.canonical import read_table
from citypanel.intake.accounting import Account
from citypanel.intake.patents import intake_patents

Shared = Callable[..., Path]


@pytest.fixture(scope="module")
def account(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, pd.DataFrame]:
    path = shared("real", "patents", "yakkhini", "raw_data.csv")
    out = tmp_path_factory.mktemp("yakkhini") / "patents.parquet"
    return intake_patents([path], out), read_table(out, "patents")


def test_every_row_is_kept_or_merged(account: tuple[Account, pd.DataFrame]) -> None:
    # 19 grants beside their applications, and 7 utility models of the same day, applicants and title as an invention.
    line = account[0].files.iloc[0]
    assert (line["rows_read"], line["rows_kept"], line["rows_merged"], line["rows_rejected"]) == (116, 90, 26, 0)


@pytest.mark.parametrize(
    ("key", "day", "names"),
    [
        # Read in the file by eye: an application beside its grant, and one alone.
        ("CN110210173", "2019-06-20", ["中国地质科学院探矿工艺研究所", "中国科学院、水利部成都山地灾害与环境研究所"]),
        ("CN113673582", "2021-07-30", ["西南交通大学", "川藏铁路技术创新中心有限公司"]),
    ],
)
def test_applications_hold_what_the_file_says(
    account: tuple[Account, pd.DataFrame], key: str, day: str, names: list[str]
) -> None:
    rows = account[1].set_index("application_no")
    assert str(rows.loc[key, "date"]) == day
    assert rows.loc[key, "kind"] == "invention"
    assert [applicant["name"] for applicant in rows.loc[key, "applicants"]] == names


def test_the_long_list_of_applicants_is_split_and_told_apart(account: tuple[Account, pd.DataFrame]) -> None:
    rows = account[1].set_index("application_no")
    applicants = {a["name"]: (a["kind"], a["adcode"], a["resolved_by"]) for a in rows.loc["CN113159475", "applicants"]}
    assert len(applicants) == 10
    assert applicants["石家庄铁道大学"] == ("organisation", 130100, "register")
    assert applicants["北京铁科英迈技术有限公司"] == ("organisation", 110000, "name")
    assert applicants["中国国家铁路集团有限公司"] == ("organisation", 110000, "register")


def test_persons_are_told_by_their_names(account: tuple[Account, pd.DataFrame]) -> None:
    people = {a["name"] for row in account[1]["applicants"] for a in row if a["kind"] == "person"}
    assert people == {"崔凯", "鲁飞", "张国强", "郑超", "陈海峰", "朱纯", "章和高"}
