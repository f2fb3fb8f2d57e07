"""Applicants' names: split, normalised, told apart into persons and organisations."""

import re
import unicodedata
from collections.abc import Sequence

PERSON, ORGANISATION = "person", "organisation"
PERSON_TYPES = ("个人", "自然人", "person", "individual")
UNKNOWN_TYPES = ("未知", "不明", "unknown", "-")

# What makes a short Han name an organisation's.
_ORGANISATION_WORDS = re.compile(
    "公司|大学|学院|学校|中学|小学|研究|集团|医院|企业|工厂|中心|银行|协会|学会|部队|委员会|实验室|合作社|株式会社|事务所"
    "|科技|技术|电子|电器|电力|工业|化学|化工|汽车|石化|石油|钢铁|制药|药业|机械|精密|光电|软件|网络|通信|股份|实业|材料"
    "|[厂院所校局站社店馆矿场]$"
)
_HAN_NAME = re.compile("[\u3400-\u9fff]{2,4}")
_FOREIGN_PERSON = re.compile("[\u3400-\u9fff]+(?:[·•・.][\u3400-\u9fffA-Z]+)+")
_SEPARATORS = re.compile(r"[;|]")


def clean_name(text: str) -> str:
    """Return a name in one spelling: NFKC, no square brackets around, no blanks inside Han text.

    >>> clean_name(" [哈尔滨工业大学（威海）] ")
    '哈尔滨工业大学(威海)'
    """
    plain = unicodedata.normalize("NFKC", text).replace("【", "[").replace("】", "]").strip()
    while plain.startswith("[") and plain.endswith("]"):
        plain = plain[1:-1].strip()
    plain = re.sub(r"\s+", " ", plain)
    return re.sub(r"(?<=[\u3400-\u9fff()]) (?=[\u3400-\u9fff()])", "", plain)


def split_names(cell: str) -> list[str]:
    """Return the names in a cell, whatever separates them: `;`, `；` or `|`.

    >>> split_names("[甲公司]; [乙大学]"), split_names("甲公司 | 乙大学")
    (['甲公司', '乙大学'], ['甲公司', '乙大学'])
    """
    plain = unicodedata.normalize("NFKC", cell)
    return [name for part in _SEPARATORS.split(plain) if (name := clean_name(part))]


def split_fields(cell: str, count: int) -> list[str]:
    """Return the values of a cell that stands beside `count` applicants, [] if their number differs.

    Types are joined by the separators of names or by two blanks.
    """
    plain = unicodedata.normalize("NFKC", cell).strip()
    for pattern in (r"[;|]", r"\s{2,}"):
        parts = [part.strip() for part in re.split(pattern, plain) if part.strip()]
        if len(parts) == count:
            return parts
    return []


def stated_kind(cell: str, count: int) -> list[str]:
    """Return person, organisation or "" (stated as unknown) for each of `count` applicants, [] if their number differs.

    >>> stated_kind("企业; 个人", 2), stated_kind("企业", 2)
    (['organisation', 'person'], [])
    """
    fields = [field.casefold() for field in split_fields(cell, count)]
    return ["" if field in UNKNOWN_TYPES else kind_of("", field) for field in fields]


def kind_of(name: str, stated: str = "") -> str:
    """Return `person` or `organisation`, by the stated type or else by the name."""
    if stated:
        return PERSON if stated.casefold() in PERSON_TYPES else ORGANISATION
    if _FOREIGN_PERSON.fullmatch(name):
        return PERSON
    han = _HAN_NAME.fullmatch(name) is not None
    return PERSON if han and not _ORGANISATION_WORDS.search(name) else ORGANISATION


def application_key(number: str) -> str:
    """Return an application number without country, dot and check digit; "" if it is no Chinese application.

    >>> application_key("CN201010123456.7"), application_key("ZL98100001.X")
    ('201010123456', '98100001')
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).upper()
    plain = re.sub(r"^(CN|ZL)+", "", plain)
    found = re.fullmatch(r"(\d{12}|\d{8})(?:\.?[\dX])?", plain)
    return found[1] if found else ""


def publication_key(number: str) -> str:
    """Return a publication number without its kind letter, which application and grant share: CN110210173A."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).upper()
    found = re.fullmatch(r"(CN\d{7,13})[A-Z]\d?", plain)
    return found[1] if found else ""


def is_international(number: str) -> bool:
    """Whether a number is that of an international application or publication (PCT, WO)."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).upper()
    return plain.startswith(("PCT", "WO"))


_KIND_WORDS = (("外观", "design"), ("实用新型", "utility"), ("发明", "invention"))
_KIND_DIGITS = {"1": "invention", "8": "invention", "2": "utility", "9": "utility", "3": "design"}


def patent_kind(stated: str, application: str, publication: str) -> str:
    """Return invention, utility or design: as stated, or by the digit of the number; "" if neither says.

    The digit is the fifth of twelve, the third of eight, and the first of a publication number.
    """
    for word, kind in _KIND_WORDS:
        if word in stated:
            return kind
    digit = application[4:5] if len(application) == 12 else application[2:3]
    digit = digit or publication.removeprefix("CN")[:1]
    return _KIND_DIGITS.get(digit, "")


def distinct(names: Sequence[str]) -> list[int]:
    """Return the positions of the first appearance of each name."""
    return [at for at, name in enumerate(names) if name not in names[:at]]
