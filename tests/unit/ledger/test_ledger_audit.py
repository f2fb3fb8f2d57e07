"""The audit as a whole: words, files, the command, and tables of no known kind."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from citypanel.cli import main
from citypanel.ledger import (
    rules_cells,
    rules_constants,
    rules_counts,
    rules_designs,
    rules_fit,
    rules_moments,
    rules_spatial,
    rules_text,
)
from citypanel.ledger.audit import RULES, audit_cells, audit_folder, conventions
from citypanel.ledger.claims import KINDS, Claim
from citypanel.ledger.findings import VERDICTS, Place
from citypanel.ledger.messages import LANGUAGES, VERDICT_WORDS, WORDS, sentence
from citypanel.ledger.printed import make_cell
from citypanel.ledger.report import write_audit
from citypanel.ledger.wording_conditions import CONDITIONS, MISSING

STUDIES = ("yrd_cooperation", "smart_city", "ip_model_city", "collaborative_gap")
FORM = re.compile(
    r"(consistent|inconsistent|only if .+|warning|not checkable) (\w+) [^/]*/.*/.*: "
    r"printed .*, computed .* from .*; .+; .+"
)


@pytest.fixture(scope="module")
def findings(request):
    root = Path(__file__).resolve().parents[3]
    return {study: audit_folder(root / "studies" / study / "published") for study in STUDIES}


def test_all_forty_four_rules_are_there_in_order() -> None:
    assert len(RULES) == 44
    assert next(iter(RULES)) == "stars"
    assert list(RULES)[-1] == "claims"


def test_every_rule_answers_on_every_study(findings) -> None:
    for study in STUDIES:
        assert {finding.rule for finding in findings[study]} >= set(RULES)
        assert {finding.verdict for finding in findings[study]} <= set(VERDICTS)
        assert not [finding for finding in findings[study] if finding.rule == "reading"]


def test_every_line_has_the_form_of_the_rule_book_in_both_languages(findings) -> None:
    for study in STUDIES:
        for finding in findings[study]:
            assert FORM.fullmatch(sentence(finding, "en")), sentence(finding, "en")
            chinese = sentence(finding, "zh")
            assert chinese.startswith(VERDICT_WORDS[finding.verdict][1])
            assert "印刷值" in chinese
            assert re.search(r"[\u4e00-\u9fff].*；.*；.*[\u4e00-\u9fff]", chinese)
            assert "error" not in finding.verdict


def test_words_exist_for_every_key_in_the_rules() -> None:
    modules = (
        rules_cells,
        rules_constants,
        rules_counts,
        rules_designs,
        rules_fit,
        rules_moments,
        rules_spatial,
        rules_text,
    )
    source = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules)
    for key in re.findall(r'missing\((?:[^"\n()]|\([^()\n]*\))*, "([a-z0-9_]+)"', source):
        assert key in MISSING, key
    assert {f"rule_{rule}" for rule in RULES} <= set(MISSING)
    for rule, words in {**WORDS, **{key: (*texts, "", "") for key, texts in CONDITIONS.items()}}.items():
        assert rule.split(".")[0] in {*RULES, "reading"}, rule
        english, chinese = (set(re.findall(r"\{(\w+)\}", f"{words[i]} {words[i + 2]}")) for i in (0, 1))
        assert english == chinese, rule


def test_conventions_are_handed_on_for_the_search(findings) -> None:
    inferred = conventions(findings["yrd_cooperation"])
    assert {row["convention"] for row in inferred} >= {"K", "vcov", "constant", "W"}


def test_files_are_whole_equal_and_readable(findings, tmp_path) -> None:
    paths = write_audit(findings["smart_city"], tmp_path / "a")
    again = write_audit(findings["smart_city"], tmp_path / "b")
    assert [path.name for path in paths] == [
        "audit.csv", "audit.json", "audit.en.html", "audit.en.tex", "audit.zh.html", "audit.zh.tex",
    ]  # fmt: skip
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    record = json.loads(paths[1].read_text(encoding="utf-8"))
    assert sum(record["counts"].values()) == len(record["findings"]) == len(findings["smart_city"])
    assert set(record["findings"][0]["message"]) == set(LANGUAGES)
    rows = list(csv.DictReader(io.StringIO(paths[0].read_text(encoding="utf-8-sig"))))
    assert len(rows) == len(record["findings"])
    assert not any(value.startswith(("=", "+", "@")) for row in rows for value in row.values())
    for path in paths[2:]:
        assert "NaN" not in path.read_text(encoding="utf-8")


def test_the_page_escapes_what_a_table_says(tmp_path) -> None:
    cell = make_cell(Place("s", "<b>1</b>", "(1)", "x & <script>"), "coef", "0.5", "***")
    write_audit(audit_cells((cell,)), tmp_path)
    page = (tmp_path / "audit.en.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<b>1" not in page


def test_the_command_prints_one_line_per_finding(tmp_path, capsys, project) -> None:
    folder = project / "studies" / "smart_city" / "published"
    assert main(["audit", str(folder), "--json", str(tmp_path / "f.json"), "--out", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    record = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert [finding["message"]["en"] for finding in record["findings"]] == lines
    assert (tmp_path / "out" / "audit.zh.html").is_file()
    assert main(["audit", str(folder / "table1.csv"), "--claims", str(folder / "claims.csv"), "--language", "zh"]) == 0
    assert "不一致 parentheses" in capsys.readouterr().out
    assert main(["audit", str(folder), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == 1


def test_the_command_names_what_is_wrong_in_one_line(tmp_path, capsys) -> None:
    assert main(["audit", str(tmp_path / "none")]) == 2
    assert main(["audit"]) == 2
    assert main(["audit", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.startswith("citypanel audit: error: ") for line in told.err.splitlines()] == [True] * 3


def test_the_template_can_be_audited_and_is_never_overwritten(tmp_path, capsys) -> None:
    assert main(["audit", "--template", str(tmp_path / "paper")]) == 0
    capsys.readouterr()
    assert main(["audit", str(tmp_path / "paper")]) == 0
    assert "inconsistent" not in capsys.readouterr().out
    claims = (tmp_path / "paper" / "claims.csv").read_text(encoding="utf-8")
    assert all(f",# {kind}," in claims for kind in KINDS)
    assert main(["audit", "--template", str(tmp_path / "paper")]) == 2
    assert "exist already" in capsys.readouterr().err


def test_tables_of_no_known_kind_are_not_checkable() -> None:
    odd = [
        ("x", "odds_ratio", "1.2"),
        ("", "coef", "—"),
        ("N", "stat", "0"),
        ("R2", "stat", "—"),
        ("q", "hazard", "abc"),
    ]
    odd += [("x", "moran_I", "0.1"), ("Direct", "effect", "0.1"), ("LM", "chi2", "1.0"), ("y", "pearson_r", "1")]
    cells = tuple(
        make_cell(Place("s", "9", str(i), row), statistic, text) for i, (row, statistic, text) in enumerate(odd)
    )
    found = audit_cells(cells)
    assert "inconsistent" not in {finding.verdict for finding in found}
    assert "reading.fault" not in {finding.message for finding in found}


def test_one_file_of_a_paper_is_not_blamed_for_the_others(project) -> None:
    folder = project / "studies" / "yrd_cooperation" / "published"
    found = audit_folder(folder / "table5.csv")
    wrong = {finding.rule for finding in found if finding.verdict == "inconsistent"}
    # what the whole folder is told of this table and of the text, and no table or variable called missing
    assert wrong <= {"labels", "claims", "test_ladder"}
    assert not [f for f in found if f.message in ("labels.no_object", "variables_closed.unused")]


def test_a_study_without_tables_is_audited_by_its_claims() -> None:
    found = audit_cells(
        (), [Claim("s", "statement", "", "en", "gap", "narrows"), Claim("s", "statement", "", "zh", "gap", "narrows")]
    )
    assert [f.verdict for f in found if f.rule == "claims"] == ["consistent"]


def test_findings_do_not_depend_on_the_hash_seed(project) -> None:
    code = (
        "import sys; from pathlib import Path; from citypanel.ledger.audit import audit_folder;"
        "from citypanel.ledger.report import to_json;"
        "sys.stdout.buffer.write(to_json(audit_folder(Path(sys.argv[1]))).encode())"
    )
    folder = str(project / "studies" / "smart_city" / "published")
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code, folder], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0]
