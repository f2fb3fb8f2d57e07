"""Helpers only: how exhibits stand in the HTML report."""

from citypanel.declare.targets import family_of


def shown_in_report(folder):
    """Return the files that a report shows: by study and family, with exhibit, title and language as labels."""
    return [
        in_report(path, language)
        for language in CONFIG.languages
        for path in exhibit_pattern(folder, [language], shown=True)
    ]


def in_report(path, language):
    def labels(wildcards):
        title = DECLARED[wildcards.study].exhibits[wildcards.exhibit].title.model_dump()[language]
        return {"exhibit": wildcards.exhibit, "title": title, "language": language}

    family = lambda wildcards: family_of(DECLARED[wildcards.study], wildcards.exhibit)
    shown = {"category": "{study}", "subcategory": family, "labels": labels}
    return report(path, caption="../report/exhibit.rst", **shown)
