"""Enters: a paper's printed tables and claims. Leaves: what they say about each other, without any data."""


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
        mem_mb=1000,
    params:
        code=code_of("audit"),
    message:
        "Auditing the printed tables of {wildcards.study} against each other"
    script:
        "../scripts/audit.py"


rule audits:
    input:
        [f"<results>/{study}/audit/audit.csv" for study in DECLARED if published(study)],
