"""`citypanel package --check`: results against a manifest, and manifests that are none or another's."""

import hashlib

import pytest

from citypanel.cli import main

HEAD = "path,bytes,sha256\n"


def line(path: str, content: bytes) -> str:
    return f"{path},{len(content)},{hashlib.sha256(content).hexdigest()}\n"


@pytest.fixture
def folder(tmp_path):
    """One result and its manifest."""
    table = tmp_path / "results" / "mine" / "tables" / "table1_en.csv"
    table.parent.mkdir(parents=True)
    table.write_bytes(b"a,b\n")
    text = HEAD + line("README.md", b"x") + line("results/mine/tables/table1_en.csv", b"a,b\n")
    (tmp_path / "MANIFEST.csv").write_text(text, encoding="utf-8")
    return tmp_path


def check(folder, name="MANIFEST.csv") -> int:
    return main(["package", "--check", str(folder / name), "--folder", str(folder)])


def test_results_as_they_were_shipped_pass(folder, capsys) -> None:
    assert check(folder) == 0
    assert "1 of 1 results are the same as in the package" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "other.csv",
            (HEAD + line("results/theirs/panel.parquet", b"x")).encode(),
            "is the manifest of another package",
        ),
        ("empty.csv", (HEAD + line("README.md", b"x")).encode(), "none of its 0 results is here"),
        ("table.csv", b"a,b\n1,2\n", "found columns a, b; allowed: path, bytes, sha256"),
        ("size.csv", (HEAD + "results/x,many,aa\n").encode(), "a size is no number"),
        ("package.zip", b"PK\x03\x04\xff\xfe", "is no text; the MANIFEST.csv of a package is expected"),
        ("absent.csv", None, "there is no such file"),
    ],
)
def test_what_is_no_manifest_of_these_results_is_refused_by_name(folder, capsys, name, content, message) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    assert check(folder, name) == 2
    said = capsys.readouterr().err.strip()
    assert name in said
    assert message in said
    assert "\n" not in said


def test_a_result_that_differs_is_named(folder, capsys) -> None:
    (folder / "results" / "mine" / "tables" / "table1_en.csv").write_bytes(b"a,c\n")
    assert check(folder) == 2
    said = capsys.readouterr()
    assert "results/mine/tables/table1_en.csv: differs" in said.out
    assert "1 results are not those of the package, the first results/mine/tables/table1_en.csv" in said.err
