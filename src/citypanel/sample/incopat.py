"""incoPat exports: headers in both widths, separators and dates of three kinds, application beside grant."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from citypanel.sample.applicants import INDUSTRIES, Applicant, Draws
from citypanel.sample.patents import DESIGN, INVENTION, PCT, UTILITY, Applications, Patent
from citypanel.sample.workbook import write_workbook

YEAR_AS_WORKBOOK = 2011
HEADER = (
    "标题", "公开(公告)号", "公开(公告)日", "申请号", "申请日", "专利类型", "公开国别", "IPC主分类", "申请人",
    "标准化申请人",     "第一申请人", "申请人数量", "申请人类型", "申请人地址", "中国申请人地市",
)  # fmt: skip
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
KIND_DIGIT = {INVENTION: 1, UTILITY: 2, DESIGN: 3}
KIND_NAME = {INVENTION: "发明申请", UTILITY: "实用新型", DESIGN: "外观设计", PCT: "PCT发明"}
KIND_LETTER = {INVENTION: "A", UTILITY: "U", DESIGN: "S"}
SEPARATORS = {2018: " | ", 2015: "；"}
WIDE_HEADER_YEARS = (2013, 2019)
UTF8_YEARS = (2012, 2014, 2016, 2019)
GRANTED, REPEATED = 0.18, 0.005
IPC = ("H01L21/00", "G06F17/30", "B23K26/00", "C08L23/06", "A61K31/00", "H02J3/00", "B60L11/18", "D06M15/00")
Row = list[str]
Truth = dict[str, dict[str, int]]


def _name(year: int, applications: Applications) -> str:
    """Return the name of a year's file: the first year of the constructed panel is a workbook."""
    first = next(iter(applications.counts))
    return f"incopat_{year}.{'xlsx' if year == first == YEAR_AS_WORKBOOK else 'csv'}"


def write_patents(folder: Path, divisor: int, seed: int) -> tuple[Truth, dict[str, dict[str, int]], dict[str, int]]:
    """Write the exports of the constructed panel, one per year of application; see `write_applications`."""
    return write_applications(folder, Applications.of_panel(divisor, seed), seed)


def write_applications(
    folder: Path, applications: Applications, seed: int
) -> tuple[Truth, dict[str, dict[str, int]], dict[str, int]]:
    """Write one export per year of application.

    Returns
    -------
    per file, rows and what was planted; joint inventions by year and city; the place of every organisation
    """
    truth: Truth = {}
    joint: dict[str, dict[str, int]] = {}
    for year, counted in applications.counts.items():
        draws = Draws(np.random.default_rng([seed, 32, year]))
        counts: dict[str, int] = {}
        rows = list(_rows(applications.of_year(year), year, draws, counts))
        numbers = [row[HEADER.index("申请号")] for row in rows]
        chinese = [number for number in numbers if number.startswith("CN")]
        counts["rows"] = len(numbers)
        counts["rows_abroad"] = len(numbers) - len(chinese)
        counts["applications_in_china"] = len(set(chinese))
        truth[f"patents/{_name(year, applications)}"] = dict(sorted(counts.items()))
        joint[str(year)] = {str(code): n for code, n in counted.items()}
        _write(folder / _name(year, applications), year, rows)
    places = {a.name: a.adcode for a in applications.applicants() if a.adcode}
    return truth, joint, places


def _write(path: Path, year: int, rows: list[Row]) -> None:
    header = [h.replace("(", "（").replace(")", "）") for h in HEADER] if year in WIDE_HEADER_YEARS else list(HEADER)
    if path.suffix == ".xlsx":
        write_workbook(path, "incoPat", [header, *rows])
        return
    encoding = "utf-8-sig" if year in UTF8_YEARS else "gb18030"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)


def _rows(patents: list[Patent], year: int, draws: Draws, counts: dict[str, int]) -> Iterator[Row]:
    for patent in patents:
        _add(counts, f"applications_{patent.group}")
        row = _row(patent, year, draws, counts)
        yield row
        if patent.kind == INVENTION and draws.uniform() < GRANTED:
            _add(counts, "rows_of_grants")
            yield _granted(row, patent, year)
        if draws.uniform() < REPEATED:
            _add(counts, "rows_repeated")
            yield row


def _add(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1


def _row(patent: Patent, year: int, draws: Draws, counts: dict[str, int]) -> Row:
    names = [applicant.name for applicant in patent.applicants]
    first = patent.applicants[0]
    declared = len(names)
    if draws.uniform() < 0.01:
        declared += 1 if declared == 1 else -1
        _add(counts, "rows_with_wrong_number_of_applicants")
    separator = SEPARATORS.get(year, "; ")
    return [
        f"一种{draws.one_of(INDUSTRIES)}{draws.one_of(('装置', '方法', '系统', '材料'))}{patent.serial}",
        publication_number(patent, granted=False),
        _date(patent, 0 if patent.kind == DESIGN else 18, year),
        application_number(patent),
        _date(patent, 0, year),
        KIND_NAME[patent.kind],
        "世界知识产权组织" if patent.kind == PCT else "中国",
        "" if patent.kind == DESIGN else draws.one_of(IPC),
        separator.join(_narrow(name, draws) for name in names),
        "; ".join(f"[{name}]" for name in names) if year == 2013 else "",
        first.name,
        str(declared),
        _types(patent.applicants, draws, counts),
        first.address,
        _cities(patent.applicants, declared, draws),
    ]


def _narrow(name: str, draws: Draws) -> str:
    """Return the name with half-width brackets now and then."""
    if "（" in name and draws.uniform() < 0.3:
        return name.replace("（", "(").replace("）", ")")
    return name


def _types(applicants: tuple[Applicant, ...], draws: Draws, counts: dict[str, int]) -> str:
    """Return the types: none, too few of them, or one each, with two kinds of separator."""
    kinds = [applicant.kind for applicant in applicants]
    luck = draws.uniform()
    if luck < 0.05:
        _add(counts, "rows_without_types")
        return ""
    if luck < 0.08 and len(set(kinds)) < len(kinds):
        _add(counts, "rows_with_too_few_types")
        kinds = sorted(set(kinds))
    return ("  " if luck > 0.9 else "; ").join(kinds)


def _cities(applicants: tuple[Applicant, ...], declared: int, draws: Draws) -> str:
    """Return the first applicant's city, nothing, or all cities if their number is the declared one."""
    cities = [applicant.city for applicant in applicants]
    if draws.uniform() < 0.1:
        return ""
    if declared == len(cities) > 1 and all(cities) and draws.uniform() < 0.15:
        return "; ".join(cities)
    return cities[0]


def _granted(row: Row, patent: Patent, year: int) -> Row:
    grant = list(row)
    grant[1] = publication_number(patent, granted=True)
    grant[2] = _date(patent, 34, year)
    grant[5] = "发明授权"
    return grant


def _date(patent: Patent, months: int, year: int) -> str:
    months += patent.month - 1
    mark = "-" if year >= 2016 else ""
    return f"{patent.year + months // 12}{mark}{months % 12 + 1:02d}{mark}{patent.day:02d}"


def application_number(patent: Patent) -> str:
    """Return the number with CN and its check digit, or the number of an international application.

    The check digit is the weighted sum of the twelve digits modulo 11, with X for ten.
    """
    if patent.kind == PCT:
        return f"PCT/CN{patent.year}/{70_000 + patent.serial:06d}"
    digits = f"{patent.year}{KIND_DIGIT[patent.kind]}{patent.serial:07d}"
    rest = sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=True)) % 11
    return f"CN{digits}.{'X' if rest == 10 else rest}"


def publication_number(patent: Patent, *, granted: bool) -> str:
    """Return the publication number of the application or of the grant."""
    if patent.kind == PCT:
        return f"WO{patent.year}{100_000 + patent.serial:06d}A1"
    number = (patent.year - 2000) * 1_000_000 + patent.serial
    letter = "B" if granted else KIND_LETTER[patent.kind]
    return f"CN{KIND_DIGIT[patent.kind]}{number:08d}{letter}"
