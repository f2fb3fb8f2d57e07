"""The way of a number as lines for the terminal, in English or Chinese."""

from collections.abc import Iterator, Sequence

from citypanel.package.why_sources import Document

SHOWN = 4  # ranges, rows and options listed in a line; --json lists all

_WORDS = {
    "cell": ("cell", "单元格"),
    "printed": ("printed", "印出"),
    "value": ("value", "数值"),
    "line": ("line", "行"),
    "record": ("record", "结果记录"),
    "column": ("column", "列"),
    "specification": ("specification", "设定"),
    "panel": ("panel", "面板"),
    "rows": ("rows", "行"),
    "cities": ("cities", "个城市"),
    "estimated": ("estimated on", "用于估计"),
    "variable": ("variable", "变量"),
    "indicator": ("indicator", "指标"),
    "formula": ("formula", "公式"),
    "table": ("canonical rows", "规范表行"),
    "raw": ("raw files", "原始文件"),
    "all": ("other cities or years enter each value", "其他城市或年份也进入每个取值"),
    "code": ("code", "代码"),
    "licence": ("licence", "许可"),
    "shows": ("shows", "展示"),
    "more": ("more; --json lists all", "其余见 --json"),
    "simulated": ("SIMULATED data: no evidence", "模拟数据：不构成证据"),
    "text": ("no result record holds it", "不在任何结果记录中"),
    "weights": ("weights matrix", "权重矩阵"),
    "whole": ("the whole file", "整个文件"),
}


def lines_of(document: Document, language: str) -> list[str]:
    """Return the way of a number, a step a line, from the cell to the raw files."""
    return list(_Teller(0 if language == "en" else 1).lines(document))


class _Teller:
    """Writes lines in one language."""

    def __init__(self, at: int) -> None:
        self.at = at

    def word(self, name: str) -> str:
        return _WORDS[name][self.at]

    def lines(self, document: Document) -> Iterator[str]:
        yield f"{document['study']} {document['exhibit']}  {document['file']}  {_short(document['sha256'])}"
        for cell in document["cells"]:
            yield from self._cell(cell)
        if "record" in document:
            yield from self._estimated(document)
        for item in document.get("shows", ()):
            yield f"{self.word('shows')}: {item['file']}  {_short(item['sha256'])}"
        raw = document.get("raw", ())
        if raw:
            yield f"{self.word('raw')}:"
        for item in raw:
            yield f"  {item['file']}  {_short(item['sha256'])}  {self._ranges(item)}"
        yield f"{self.word('code')}:"
        for job in document["jobs"]:
            yield f"  {job['script']}  {job['code']}  -> {job['wrote']}"
        yield f"{self.word('licence')}: {', '.join(document['licences']) or '-'}"
        if "simulated" in document["licences"]:
            yield self.word("simulated")

    def _cell(self, cell: Document) -> Iterator[str]:
        place = f"{cell['record']}#{cell['pointer']}" if "record" in cell else self.word("text")
        yield (
            f"{self.word('cell')}: {cell['row']} / {cell['column']} / {cell['statistic']}: "
            f"{self.word('printed')} {cell['printed']}, {self.word('value')} {cell['value']}  <- {place}"
        )

    def _estimated(self, document: Document) -> Iterator[str]:
        record, panel = document["record"], document["panel"]
        column = f"{self.word('column')} {record['column']}"
        yield f"{self.word('record')}: {record['file']}  {_short(record['sha256'])}, {column}"
        yield f"{self.word('specification')}: {_given(document['specification'], skip=('variance', 'sample'))}"
        if document["specification"]["variance"]:
            yield f"  vcov: {_given(document['specification']['variance'])}"
        years = "-".join(map(str, panel["years"]))
        yield (
            f"{self.word('panel')}: {panel['file']}  {_short(panel['sha256'])}  {panel['rows']} {self.word('rows')}, "
            f"{len(panel['cities'])} {self.word('cities')}, {years}; {self.word('estimated')} {panel['rows_estimated']}"
        )
        for row in panel["values"][:2]:
            yield f"  {_given(row)}"
        if len(panel["values"]) > 2:
            yield f"  ... {len(panel['values']) - 2} {self.word('more')}"
        for item in document["weights"]:
            yield f"{self.word('weights')}: {item['file']}  {_short(item['sha256'])}"
        for variable in document["variables"]:
            yield from self._variable(variable)

    def _variable(self, variable: Document) -> Iterator[str]:
        shown = (
            ("transform", "at", "cut", "column")
            if "file" in variable
            else ("formula", "transform", "at", "cut", "column")
        )
        detail = ", ".join(f"{key} {variable[key]}" for key in shown if key in variable)
        yield f"{self.word('variable')} {variable['variable']}: {variable['source']}{', ' if detail else ''}{detail}"
        if "file" in variable:
            options = _given(variable["options"])
            yield f"  {self.word('indicator')}: {variable['file']}  {_short(variable['sha256'])}, {options}"
            yield f"  {self.word('formula')}: {variable['formula']}"
        if variable.get("whole_table"):
            yield f"  {self.word('all')}"
        for table in variable.get("tables", ()):
            yield f"  {self.word('table')}: {table['table']}  {_short(table['sha256'])}  {table['rows']}"
        for item in variable.get("files", ()):
            yield f"  {item['file']}  {_short(item['sha256'])}"

    def _ranges(self, item: Document) -> str:
        if item["rows"] is None:
            return self.word("whole")
        ranges: Sequence[tuple[int, int]] = item["ranges"]
        count = f"{item['rows']} {self.word('rows')}: "
        shown = count + ", ".join(str(start) if start == end else f"{start}-{end}" for start, end in ranges[:SHOWN])
        rest = len(ranges) - SHOWN
        return shown if rest <= 0 else f"{shown} ... {rest} {self.word('more')}"


def _short(digest: str | None) -> str:
    return f"sha256:{digest[:12]}" if digest else "sha256:-"


def _given(items: Document, skip: Sequence[str] = ()) -> str:
    known = {key: value for key, value in items.items() if key not in skip and value not in (None, [], {}, "")}
    return ", ".join(f"{key} {_given(value) if isinstance(value, dict) else value}" for key, value in known.items())
