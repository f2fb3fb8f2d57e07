"""What data editors look for by machine: paths, duplicates, empty files, sizes, names, personal data."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from citypanel.package.archive import Entry, total_bytes
from citypanel.package.checks import Check, judged
from citypanel.package.codebook import read_data
from citypanel.package.datapackage import is_data

MOST_BYTES, MOST_FILES = 50_000_000, 1_000
LONGEST_PATH = 180
TEXT = (".csv", ".md", ".txt", ".tex", ".json", ".yaml", ".yml", ".cff", ".py", ".smk", ".html", ".jinja", ".toml", "")
# Files that are empty by design.
EMPTY = ("__init__.py", "py.typed")
COMPILED = (".pyc", ".pyo", ".so", ".dll", ".exe", ".o", ".class", ".jar")

_ROOTS = "home|Users|root|tmp|var|mnt|media|data|opt|scratch|Volumes"
_ABSOLUTE = re.compile(rf"(?<![\w./<])/(?:{_ROOTS})/\w[\w./-]*|\b[A-Z]:\\\\?\w[\w\\. -]*")
# Patterns of personal data; longer numbers, decimals and hashes are none.
PERSONAL = {
    "e-mail address": re.compile(r"\b[\w.+-]+@[\w-]+\.[A-Za-z]{2,}\b"),
    "mobile telephone number": re.compile(
        r"(?<![\w.-])1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}(?![\w.-])"
    ),
    "identity card number": re.compile(
        r"(?<![\w.-])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\w.-])"
    ),
}
_MAY_BE_PERSONAL = re.compile(r"@|\d{11}")  # what every pattern needs
_CODE = ("src/", "rules/", "scripts/", "templates/")


def file_checks(folder: Path, entries: Sequence[Entry]) -> list[Check]:
    """Return the checks of the files of a package folder, whatever they hold."""
    return [
        _absolute_paths(folder, entries),
        _duplicates(entries),
        _empty(entries),
        _size(entries),
        _count(entries),
        _names(entries),
        _compiled(entries),
        _personal(folder, entries),
    ]


def _texts(folder: Path, entries: Iterable[Entry]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        if Path(entry.path).suffix in TEXT:
            yield entry.path, (folder / entry.path).read_text(encoding="utf-8", errors="replace")


def _absolute_paths(folder: Path, entries: Sequence[Entry]) -> Check:
    found = [
        f"{path}, line {number}: {match[0]}"
        for path, text in _texts(folder, entries)
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _ABSOLUTE.search(line))
    ]
    return judged(
        "absolute paths",
        ("No file names a place on the author's machine.", "文件中不含作者计算机上的绝对路径。"),
        found,
        ("none in any text file", "所有文本文件中均无"),
        ("name the file relative to the package", "改为相对路径"),
    )


def _duplicates(entries: Sequence[Entry]) -> Check:
    """Two languages of one exhibit may hold the same numbers, and code may hold the same lines."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        if entry.bytes and not entry.path.startswith(_CODE):
            groups.setdefault(entry.sha256, []).append(entry.path)
    pairs = [
        (paths[0], other)
        for paths in groups.values()
        for other in paths[1:]
        if _without_language(other) != _without_language(paths[0])
    ]
    found = sorted(f"{one} = {other}" for one, other in pairs)
    # Two jobs may well find the same: two variants of an indicator lose the same rows.
    made = all(path.startswith("results/") for pair in pairs for path in pair)
    return judged(
        "duplicates",
        (
            "No file stands twice, unless two jobs found the same: variants of an indicator may lose the same rows.",
            "没有重复文件，除非两个任务得到相同结果：同一指标的不同变体可能剔除相同的行。",
        ),
        found,
        ("none", "无"),
        ("keep one of the files and name it in both places", "保留其一并在两处引用"),
        explained=made,
    )


def _without_language(path: str) -> str:
    return re.sub(r"[_.](en|zh)(?=\.)", "", path)


def _empty(entries: Sequence[Entry]) -> Check:
    found = [entry.path for entry in entries if not entry.bytes and Path(entry.path).name not in EMPTY]
    return judged(
        "empty files",
        ("No file is empty.", "没有空文件。"),
        found,
        ("none", "无"),
        ("run the step that writes the file again, or leave it out", "重新运行生成该文件的步骤，或去除该文件"),
    )


def _size(entries: Sequence[Entry]) -> Check:
    size = total_bytes(entries)
    return judged(
        "size",
        (f"The package is below {MOST_BYTES // 10**6} MB.", f"总大小不超过 {MOST_BYTES // 10**6} MB。"),
        [f"{size / 1e6:.1f} MB"] if size >= MOST_BYTES else [],
        (f"below {MOST_BYTES // 10**6} MB", f"不足 {MOST_BYTES // 10**6} MB"),
        ("package fewer studies at a time", "分研究打包"),
    )


def _count(entries: Sequence[Entry]) -> Check:
    return judged(
        "number of files",
        (f"The package has fewer than {MOST_FILES:,} files.", f"文件数少于 {MOST_FILES:,}。"),
        [f"{len(entries)} files"] if len(entries) >= MOST_FILES else [],
        (f"fewer than {MOST_FILES:,}", f"少于 {MOST_FILES:,}"),
        ("package fewer studies at a time", "分研究打包"),
    )


def _names(entries: Sequence[Entry]) -> Check:
    found = [
        entry.path
        for entry in entries
        if not re.fullmatch(r"[\w./+~-]+", entry.path, re.ASCII) or len(entry.path) > LONGEST_PATH
    ]
    return judged(
        "file names",
        (
            f"Names hold letters, digits and . - + ~ _, at most {LONGEST_PATH} characters.",
            f"文件名仅含字母、数字和 . - + ~ _，不超过 {LONGEST_PATH} 个字符。",
        ),
        found,
        ("all", "全部符合"),
        ("rename the file", "重命名该文件"),
    )


def _compiled(entries: Sequence[Entry]) -> Check:
    found = [entry.path for entry in entries if entry.path.endswith(COMPILED)]
    return judged(
        "9 Format of code",
        ("Code is in source format.", "代码为源代码形式。"),
        found,
        ("no compiled file", "无编译文件"),
        ("leave the compiled file out", "去除编译文件"),
    )


def _personal(folder: Path, entries: Sequence[Entry]) -> Check:
    documents = [entry for entry in entries if not entry.path.startswith(_CODE) and not is_data(entry.path)]
    found = [
        f"{path}, line {number}: {kind}"
        for path, text in _texts(folder, documents)
        for number, line in enumerate(text.splitlines(), start=1)
        for kind, pattern in PERSONAL.items()
        if pattern.search(line)
    ]
    for entry in entries:
        if is_data(entry.path):
            found += _personal_columns(folder / entry.path, entry.path)
    return judged(
        "personal data",
        (
            "No e-mail address, telephone or identity card number stands in a data file or document.",
            "数据文件和文档中不含电子邮箱、电话号码或身份证号。",
        ),
        found,
        ("none found", "未发现"),
        ("remove the cell or replace it by a code", "删除该单元格或以代码替换"),
    )


def _personal_columns(path: Path, name: str) -> list[str]:
    """Return the columns with personal data: any text that fits, or numbers most of which do; a sum may by chance."""
    found = []
    frame = read_data(path)
    for column in frame.columns:
        known = frame[column].dropna()
        if known.empty or pd.api.types.is_float_dtype(known):
            continue
        least = len(known) / 2 if pd.api.types.is_numeric_dtype(known) else 1
        counts = Counter(text for text in map(str, known) if _MAY_BE_PERSONAL.search(text))
        for kind, pattern in PERSONAL.items():
            if sum(count for text, count in counts.items() if pattern.search(text)) >= least:
                found.append(f"{name}, column '{column}': {kind}")
    return found
