"""Receipts: the same job on the same files leaves the same bytes, and a failed job leaves none."""

import hashlib
from types import SimpleNamespace

import pytest

from citypanel.errors import InputError
from citypanel.receipts import read_receipts, receipt_path, sha256
from citypanel.reporting import job


def asked(folder, **changed):
    given = {"word": folder / "in.txt", "made": folder / "out.txt"}
    given["word"].write_text("abc", encoding="utf-8")
    parts = {
        "rule": "copy_word",
        "input": [str(given["word"])],
        "output": [str(given["made"])],
        "params": {"code": "1234"},
        "wildcards": {"study": "mine"},
        "log": [str(folder / "logs" / "copy_word.log")],
    }
    (folder / "logs").mkdir(exist_ok=True)
    return SimpleNamespace(**{**parts, **changed}), given


def test_a_hash_is_that_of_the_standard(tmp_path) -> None:
    # FIPS 180-2, appendix B.1: the message "abc".
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_job_leaves_what_it_read_and_wrote_by_content(tmp_path) -> None:
    snakemake, files = asked(tmp_path)
    with job(snakemake):
        files["made"].write_text("done", encoding="utf-8")
    (receipt,) = read_receipts(tmp_path / "logs")
    assert receipt.rule == "copy_word"
    assert receipt.code == "1234"
    assert receipt.wildcards == {"study": "mine"}
    assert receipt.inputs == {str(files["word"]): hashlib.sha256(b"abc").hexdigest()}
    assert receipt.outputs == {str(files["made"]): hashlib.sha256(b"done").hexdigest()}


def test_the_input_counts_as_it_was_when_the_job_began(tmp_path) -> None:
    snakemake, files = asked(tmp_path)
    with job(snakemake):
        files["word"].write_text("changed while the job ran", encoding="utf-8")
        files["made"].write_text("done", encoding="utf-8")
    (receipt,) = read_receipts(tmp_path / "logs")
    assert receipt.inputs[str(files["word"])] == hashlib.sha256(b"abc").hexdigest()


def test_a_failed_job_leaves_no_receipt_not_even_the_one_before(tmp_path) -> None:
    snakemake, files = asked(tmp_path)
    with job(snakemake):
        files["made"].write_text("done", encoding="utf-8")
    with pytest.raises(SystemExit), job(snakemake):
        raise InputError("no such column")
    assert read_receipts(tmp_path / "logs") == []


def test_a_broken_receipt_is_named_with_the_remedy(tmp_path) -> None:
    path = receipt_path(tmp_path / "x.log")
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="x.receipt.json is no receipt of a job; delete it"):
        read_receipts(tmp_path)
