import json
import subprocess
import sys
from pathlib import Path

import pytest

from citypanel.cli import COMMANDS, main

ROWS = "city,year,y,x\n1,2010,1.0,1\n1,2011,2.5,2\n2,2010,0.5,0\n2,2011,1.5,3\n3,2010,2.0,1\n3,2011,2.2,5\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "panel.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail with exit code 2 and one line; return the line."""
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2, captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    return captured.err


def test_estimates_and_writes_the_record_to_stdout(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(table), "--method", "linear", "--formula", "y ~ x", "--json", "-"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == 1
    (column,) = record["columns"]
    # Slope and constant of six points by hand: Sxy = 4.1, Sxx = 16, means 97/60 and 2.
    terms = {term["term"]: term["estimate"] for term in column["terms"]}
    assert terms["x"] == pytest.approx(4.1 / 16, rel=1e-12)
    assert terms["Intercept"] == pytest.approx(97 / 60 - 2 * 4.1 / 16, rel=1e-12)
    assert column["n"] == 6


def test_writes_a_file_and_prints_a_table(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "record.json"
    arguments = ["estimate", str(table), "--method", "linear", "--formula", "y ~ x | city"]
    assert main([*arguments, "--json", str(out), "--table"]) == 0
    assert "x" in capsys.readouterr().out
    assert json.loads(out.read_text(encoding="utf-8"))["columns"][0]["fixed_effects"] == ["city"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--method", "ols", "--formula", "y ~ x"], "method 'ols' is unknown"),
        (["--method", "linear", "--formula", "y ~ z"], "'z' is not in the data"),
        (["--method", "linear", "--formula", "y ~"], "is expected where the end"),
        (["--method", "linear", "--formula", "y ~ x", "--option", "ssc"], "KEY=VALUE is expected"),
        (["--method", "linear", "--formula", "y ~ x", "--option", "ssk=none"], "did you mean 'ssc'"),
        (["--method", "linear", "--formula", "y ~ x", "--vcov", "robust"], "robust"),
        (["--method", "linear", "--formula", "y ~ x", "--where", "year = 2010"], "year = 2010"),
        (["--method", "linear", "--formula", "y ~ x", "--where", "year > 2020"], "leaves no row"),
        (["--method", "linear"], "required: --formula"),
        (["--method", "linear", "--formula", "y ~ x", "--seed", "many"], "--seed"),
    ],
)
def test_every_wrong_argument_is_one_line_and_exit_2(
    table: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(["estimate", str(table), *arguments, "--json", "-"], capsys)
    assert any(part in line for part in expected.split("|")), line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        ("城市,y\n上海,1\n".encode("gb18030"), "not UTF-8"),
        (b"y,x\n1,a\n2,b\n3,c\n", "not numeric"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    arguments = ["estimate", str(path), "--method", "linear", "--formula", "y ~ x"]
    assert expected in refused(arguments, capsys)


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["estimate", str(tmp_path / "no.csv"), "--method", "linear", "--formula", "y ~ x"]
    assert "no.csv: there is no such file" in refused(arguments, capsys)


def test_an_output_that_cannot_be_written_leaves_nothing(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    out = tmp_path / "file" / "record.json"
    arguments = ["estimate", str(table), "--method", "linear", "--formula", "y ~ x", "--json", str(out)]
    assert "cannot be written" in refused(arguments, capsys)


@pytest.mark.parametrize("command", [*COMMANDS])
def test_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"citypanel {command}" in capsys.readouterr().out.partition("example")[2]


def test_an_unknown_command_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert "estimate" in refused(["estimat"], capsys)


def test_help_loads_no_numerical_library() -> None:
    code = "import sys; from citypanel.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'numpy', 'pandas', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_check_raw_and_intake_read_a_folder_without_changing_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = tmp_path / "raw" / "world_trade"
    raw.mkdir(parents=True)
    file = raw / "trade.csv"
    file.write_text("exporter,year,hs6,value,gdp_per_head\nDEU,2010,010121,5,40000\nXXX,2010,010121,1,1\n")
    before = file.read_bytes()
    assert main(["check-raw", str(raw.parent)]) == 0
    printed = capsys.readouterr().out
    assert "world_trade (" in printed
    assert "2 rows" in printed
    assert file.read_bytes() == before
    assert sorted(path.name for path in raw.parent.rglob("*") if path.is_file()) == ["trade.csv"]
    assert main(["intake", str(raw.parent), "--out", str(tmp_path / "out")]) == 0
    assert "2 read, 1 kept, 1 rejected" in capsys.readouterr().out
    assert (tmp_path / "out" / "world_trade.parquet").is_file()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "none" in refused(["check-raw", str(tmp_path / "none")], capsys)
    assert "none" in refused(["intake", str(tmp_path / "none"), "--out", str(tmp_path / "out")], capsys)
    assert not (tmp_path / "out").exists()


def test_a_new_study_validates_and_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from citypanel.declare.load import load_study
    from citypanel.registers import Registers

    assert main(["new-study", "mine", "--folder", str(tmp_path)]) == 0
    assert "studies=mine" in capsys.readouterr().out
    study = load_study(tmp_path / "mine", Registers())
    assert set(study.analyses) == {"descriptives", "baseline"}
    assert "is there already" in refused(["new-study", "mine", "--folder", str(tmp_path)], capsys)
    assert "lower-case" in refused(["new-study", "../mine", "--folder", str(tmp_path)], capsys)
