"""Which files a run makes of its studies' exhibits."""

from collections.abc import Iterable, Mapping, Sequence

from citypanel.declare.exhibits import FIGURES, TABLES, analyses_of
from citypanel.declare.study import Study

KINDS = {"tables": TABLES, "figures": FIGURES}
FORMATS = {"tables": ("tex", "csv", "xlsx", "html", "docx"), "figures": ("pdf", "png", "csv", "tex")}
SHOWN = {"tables": "html", "figures": "png"}  # the format a report shows


def exhibits_of(study: Study, folder: str) -> list[str]:
    """Return a study's `tables` or `figures`, in the order of declaration."""
    return [name for name, exhibit in study.exhibits.items() if exhibit.kind in KINDS[folder]]


def family_of(study: Study, exhibit: str) -> str:
    """Return the family of an exhibit's first analysis; what shows no record is descriptive."""
    analyses = analyses_of(study.exhibits[exhibit])
    return study.analyses[analyses[0]].family if analyses else "descriptive"


def files_of_exhibits(
    studies: Mapping[str, Study], chosen: Iterable[str], folder: str, languages: Sequence[str]
) -> list[str]:
    """Return every file of the chosen studies' tables or figures, below `<results>`."""
    return [
        f"<results>/{study}/{folder}/{exhibit}_{language}.{suffix}"
        for study in chosen
        for exhibit in exhibits_of(studies[study], folder)
        for language in languages
        for suffix in FORMATS[folder]
    ]


def exhibit_pattern(folder: str, languages: Sequence[str], *, shown: bool) -> list[str]:
    """Return the files of one exhibit, `study` and `exhibit` being wildcards: those a report shows, or the others."""
    return [
        f"<results>/{{study}}/{folder}/{{exhibit}}_{language}.{suffix}"
        for language in languages
        for suffix in FORMATS[folder]
        if (suffix == SHOWN[folder]) == shown
    ]


def validation_pattern(folder: str, languages: Sequence[str]) -> list[str]:
    """Return the files of one table or figure of a validation, `study` and `shown` being wildcards."""
    one = "table" if folder == "tables" else "figure"
    formats = FORMATS[folder]
    return [f"<results>/{{study}}/validation/{{shown}}_{one}_{lang}.{end}" for lang in languages for end in formats]


def validation_files(shown: Mapping[str, Iterable[str]], folder: str, languages: Sequence[str]) -> list[str]:
    """Return every file of the tables or figures `shown` by study, below `<results>`."""
    pattern = validation_pattern(folder, languages)
    return [
        path.replace("{study}", study).replace("{shown}", kind)
        for study, kinds in shown.items()
        for kind in kinds
        for path in pattern
    ]
