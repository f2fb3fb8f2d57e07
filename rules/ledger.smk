"""Enters: a paper's printed tables and claims, records. Leaves: what they say about each other, and about ours."""

from citypanel.declare.printed import compared_analyses, ledger_slice, sheet_files
from citypanel.sample import calibrated_tables


rule audit:
    input:
        printed=lambda wildcards: published(wildcards.study),
    output:
        table="<results>/{study}/audit/audit.csv",
        record="<results>/{study}/audit/audit.json",
        pages=expand("<results>/{{study}}/audit/audit.{language}.{suffix}", language=LANGUAGES, suffix=("html", "tex")),
    log:
        "<logs>/{study}/audit.log",
    benchmark:
        "<benchmarks>/{study}/audit.tsv"
    wildcard_constraints:
        study=STUDIES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        code=code_of("audit"),
    message:
        "Auditing the printed tables of {wildcards.study} against each other"
    script:
        "../scripts/audit.py"


rule audits:
    input:
        [f"<results>/{study}/audit/audit.csv" for study in DECLARED if published(study)],


# Which tables a study compares is data, so each study is a rule.
for study in filter(ledger_sheets, DECLARED):

    rule:
        name:
            f"ledger_{study}"
        input:
            printed=published(study),
            audit=f"<results>/{study}/audit/audit.json",
            records=[f"<results>/{study}/estimates/{name}.json" for name in compared_analyses(DECLARED[study])],
            variants=[f"<results>/{study}/estimates/{name}.json" for name in searched_analyses(DECLARED[study])],
            templates=beside("templates", "ledger_*.jinja"),
        output:
            summary=f"<results>/{study}/ledger/summary.json",
            sheets=[
                f"<results>/{study}/ledger/{name}"
                for name in sheet_files([*ledger_sheets(study), "summary"], LANGUAGES)
                if name != "summary.json"
            ],
        log:
            f"<logs>/{study}/ledger.log",
        benchmark:
            f"<benchmarks>/{study}/ledger.tsv"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
        params:
            declared=ledger_slice(DECLARED[study], study),
            calibrated=calibrated_tables(study) if RAW.are_simulated and WORLD[study] == study else (),
            code=code_of("ledger"),
        message:
            f"Comparing the printed tables of {study} with ours, cell by cell"
        script:
            "../scripts/ledger.py"


rule ledger_overview:
    input:
        summaries=[f"<results>/{study}/ledger/summary.json" for study in DECLARED if ledger_sheets(study)],
        templates=beside("templates", "ledger_*.jinja"),
    output:
        pages=[f"<results>/{name}" for name in sheet_files(["ledger"], LANGUAGES)],
    log:
        "<logs>/ledger_overview.log",
    benchmark:
        "<benchmarks>/ledger_overview.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_of("ledger_overview"),
    message:
        "Joining the ledgers of all studies on one page"
    script:
        "../scripts/ledger_overview.py"


rule ledgers:
    input:
        rules.ledger_overview.output.pages if any(ledger_sheets(study) for study in DECLARED) else [],
