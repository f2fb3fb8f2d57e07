"""Enters: raw files of one kind. Leaves: a canonical table, its rejects, its attrition and a line per file."""


rule intake:
    input:
        files=raw_files,
        mark=raw_mark,
        registers=lambda wildcards: registers(*KINDS[wildcards.table].registers),
    output:
        table="<results>/canonical/{table}.parquet",
        rejects="<results>/intake/{table}/rejects.parquet",
        attrition="<results>/intake/{table}/attrition.parquet",
        files="<results>/intake/{table}/files.parquet",
    log:
        "<logs>/intake_{table}.log",
    benchmark:
        "<benchmarks>/intake_{table}.tsv"
    wildcard_constraints:
        table=one_of(table for table in KINDS if table != "patents"),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        table="{table}",
        root=lambda wildcards, input: str(Path(input.files[0]).parent.parent),
        rules=lambda wildcards: CONFIG.intake.model_dump().get(KINDS[wildcards.table].folder, {}),
        code=lambda wildcards: code_of("intake", KINDS[wildcards.table].module),
    message:
        "Reading raw files into the table {wildcards.table}"
    script:
        "../scripts/intake.py"


# Patents also leave a table of how many applicants were located, by year and way.
use rule intake as intake_patents with:
    output:
        table="<results>/canonical/{table}.parquet",
        rejects="<results>/intake/{table}/rejects.parquet",
        attrition="<results>/intake/{table}/attrition.parquet",
        files="<results>/intake/{table}/files.parquet",
        coverage="<results>/intake/{table}/coverage.parquet",
    wildcard_constraints:
        table="patents",
