"""The checks that data editors automate, each against a planted fault, and against a clean folder."""

import pytest

from citypanel.package.archive import entries_of, write_files
from citypanel.package.file_checks import file_checks

CLEAN = {
    "README.md": b"# Title\nSee results/a.csv and </b>.\n",
    "results/a.csv": b"firm,value\n3205940001,13800000000.5\n",
    "src/citypanel/__init__.py": b"",
}


def statuses(folder):
    return {check.check: check for check in file_checks(folder, entries_of(folder))}


def test_a_clean_folder_passes_every_check(tmp_path) -> None:
    write_files(tmp_path, CLEAN)
    assert {check.status for check in statuses(tmp_path).values()} == {"pass"}


@pytest.mark.parametrize(
    ("name", "content", "check", "found"),
    [
        ("run.md", b"read /home/li/raw/x.csv\n", "absolute paths", "run.md, line 1: /home/li/raw/x.csv"),
        ("run.md", b"read C:\\data\\x.csv\n", "absolute paths", "run.md, line 1: C:\\data\\x.csv"),
        ("copy.csv", CLEAN["results/a.csv"], "duplicates", "copy.csv = results/a.csv"),
        ("results/empty.csv", b"", "empty files", "results/empty.csv"),
        ("results/my file.csv", b"a\n1\n", "file names", "results/my file.csv"),
        ("src/x.pyc", b"x", "9 Format of code", "src/x.pyc"),
        ("notes.md", b"ask li.wei@example.edu.cn\n", "personal data", "notes.md, line 1: e-mail address"),
        (
            "results/b.csv",
            b"tel\n13812345678\n",
            "personal data",
            "results/b.csv, column 'tel': mobile telephone number",
        ),
        (
            "results/b.csv",
            b"name,id\nx,11010519491231002X\n",
            "personal data",
            "results/b.csv, column 'id': identity card number",
        ),
    ],
)
def test_a_planted_fault_is_found_and_the_remedy_told(tmp_path, name, content, check, found) -> None:
    write_files(tmp_path, {**CLEAN, name: content})
    failed = statuses(tmp_path)[check]
    assert failed.status == "fail"
    assert failed.found_en == found
    assert failed.remedy_en
    assert failed.remedy_zh


def test_one_sum_that_happens_to_look_like_a_telephone_number_is_none(tmp_path) -> None:
    write_files(tmp_path, {**CLEAN, "results/b.csv": b"value\n13812345678\n1\n2\n3\n"})
    assert statuses(tmp_path)["personal data"].status == "pass"


def test_two_languages_of_one_exhibit_are_no_duplicates(tmp_path) -> None:
    write_files(tmp_path, {**CLEAN, "results/t_en.csv": b"n\n1\n", "results/t_zh.csv": b"n\n1\n"})
    assert statuses(tmp_path)["duplicates"].status == "pass"
