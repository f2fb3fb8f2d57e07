"""The audit as files: CSV and JSON for machines, HTML and LaTeX for readers in both languages."""

import csv
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path

from citypanel import __version__
from citypanel.ledger.findings import VERDICTS, Finding, counts, worst_first
from citypanel.ledger.messages import LANGUAGES, VERDICT_WORDS, Language, as_json, sentence, verdict_word

FIELDS = (
    "rule", "verdict", "condition", "study", "table", "column", "row", "printed", "computed_low", "computed_high",
    "inputs", "message_en", "message_zh",
)  # fmt: skip
_WORDS = {
    "title": ("Audit of the printed tables", "已印表格的审核"),
    "lead": (
        "Every line speaks of printed numbers and sentences alone; no data were used.",
        "以下各条仅依据已印数字与文字，未使用任何数据。",
    ),
    "counts": ("Findings by verdict", "各类结论数量"),
    "finding": ("Finding", "结论"),
    "place": ("Table/column/row", "表/列/行"),
    "rule": ("Rule", "规则"),
    "none": ("No printed cell or claim was audited.", "没有可审核的单元格或陈述。"),
}
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "_": r"\_", "#": r"\#", "$": r"\$",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}", "*": "{*}",
    "\N{MINUS SIGN}": "$-$", "\N{MULTIPLICATION SIGN}": r"$\times$",
}  # fmt: skip


def write_audit(findings: Sequence[Finding], folder: Path) -> list[Path]:
    """Write audit.csv, audit.json and, in English and Chinese, audit.LANG.html and audit.LANG.tex.

    Returns
    -------
    list of Path
        The files; equal findings give equal bytes, and a reader never meets half a file.
    """
    contents = {"audit.csv": to_csv(findings), "audit.json": to_json(findings)}
    for language in LANGUAGES:
        contents[f"audit.{language}.html"] = to_html(findings, language)
        contents[f"audit.{language}.tex"] = to_tex(findings, language)
    folder.mkdir(parents=True, exist_ok=True)
    return [write_text(folder / name, text) for name, text in contents.items()]


def write_text(path: Path, text: str) -> Path:
    """Write a text beside its place and rename it."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def to_json(findings: Sequence[Finding]) -> str:
    """Return the findings as JSON."""
    record = {
        "schema": 1,
        "counts": counts(findings),
        "findings": [as_json(finding) for finding in findings],
        "versions": {"citypanel": __version__},
    }
    return json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def to_csv(findings: Sequence[Finding]) -> str:
    """Return the findings as CSV with a byte-order mark, so that spreadsheets read the Chinese."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(FIELDS)
    for finding in findings:
        record = as_json(finding)
        low, high = record["computed"] or (None, None)
        place = finding.place
        texts = [finding.rule, finding.verdict, verdict_word(finding, "en") if finding.condition else ""]
        texts += [place.study, place.table, place.column, place.row, finding.printed]
        ends = ["" if end is None else repr(end) for end in (low, high)]
        rest = ["; ".join(finding.inputs), record["message"]["en"], record["message"]["zh"]]
        writer.writerow(
            [*(spreadsheet_safe(text) for text in texts), *ends, *(spreadsheet_safe(text) for text in rest)]
        )
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + target.getvalue()


def spreadsheet_safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def to_html(findings: Sequence[Finding], language: Language) -> str:
    """Return the findings as one page, those that ask most of a reader first."""
    word = {name: texts[LANGUAGES.index(language)] for name, texts in _WORDS.items()}
    tag = "en" if language == "en" else "zh-Hans"
    rows = "\n".join(
        f'<tr class="{finding.verdict.replace(" ", "-")}"><td>{html.escape(finding.rule)}</td>'
        f"<td>{html.escape(f'{finding.place.study} {finding.place}'.strip())}</td>"
        f"<td>{html.escape(sentence(finding, language))}</td></tr>"
        for finding in worst_first(findings)
    )
    summary = "".join(
        f"<li>{html.escape(VERDICT_WORDS[verdict][LANGUAGES.index(language)])}: {number}</li>"
        for verdict, number in counts(findings).items()
    )
    body = (
        f"<table><thead><tr><th scope='col'>{word['rule']}</th><th scope='col'>{word['place']}</th>"
        f"<th scope='col'>{word['finding']}</th></tr></thead><tbody>\n{rows}\n</tbody></table>"
        if findings
        else f"<p>{word['none']}</p>"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{tag}"><head><meta charset="utf-8"><title>{word["title"]}</title><style>'
        "body{font-family:sans-serif;max-width:70em;margin:2em auto}"
        "td,th{text-align:left;vertical-align:top;padding:.3em}"
        "table{border-collapse:collapse}tr{border-top:1px solid #ccc}"
        ".inconsistent td:first-child{border-left:4px solid #b00}"
        ".only-if td:first-child{border-left:4px solid #c70}.warning td:first-child{border-left:4px solid #cb0}"
        f"</style></head><body><h1>{word['title']}</h1><p>{word['lead']}</p><h2>{word['counts']}</h2>"
        f"<ul>{summary}</ul>\n{body}\n</body></html>\n"
    )


def to_tex(findings: Sequence[Finding], language: Language) -> str:
    """Return the findings that are not consistent as a LaTeX list to include (Chinese needs xeCJK)."""
    word = {name: texts[LANGUAGES.index(language)] for name, texts in _WORDS.items()}
    lines = [rf"\section*{{{word['title']}}}", word["lead"]]
    for verdict in VERDICTS:
        chosen = [finding for finding in findings if finding.verdict == verdict]
        lines.append(rf"\paragraph{{{VERDICT_WORDS[verdict][LANGUAGES.index(language)]}: {len(chosen)}}}")
        if verdict in ("consistent", "not checkable") or not chosen:
            continue
        items = [rf"\item {tex_escaped(sentence(finding, language))}" for finding in chosen]
        lines += [r"\begin{itemize}\sloppy", *items, r"\end{itemize}"]
    return "\n".join(lines) + "\n"


def tex_escaped(text: str) -> str:
    """Return a text as LaTeX that prints it."""
    return "".join(_TEX.get(character, character) for character in text)
