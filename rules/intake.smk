"""Enters: raw files of one kind. Leaves: a canonical table, its rejects, its attrition and a line per file."""


rule intake:
    input:
        files=raw_files,
        mark=raw_mark,
        registers=lambda wildcards: registers(*KINDS[wildcards.table].registers),
    output:
        table="<results>/canonical/{world}/{table}.parquet",
        rejects="<results>/intake/{world}/{table}/rejects.parquet",
        attrition="<results>/intake/{world}/{table}/attrition.parquet",
        files="<results>/intake/{world}/{table}/files.parquet",
    log:
        "<logs>/intake_{world}_{table}.log",
    benchmark:
        "<benchmarks>/intake_{world}_{table}.tsv"
    wildcard_constraints:
        world=WORLDS,
        table=one_of(table for table in KINDS if table != "patents"),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, per_input_mb=0.5),
        runtime=minutes(20, per_input_mb=0.02),
    params:
        table="{table}",
        root=lambda wildcards: RAW.folder(wildcards.world),
        rules=lambda wildcards: CONFIG.intake.model_dump().get(KINDS[wildcards.table].folder, {}),
        code=lambda wildcards: code_of("intake", KINDS[wildcards.table].module),
    message:
        "Reading raw files into the table {wildcards.table} ({wildcards.world})"
    script:
        "../scripts/intake.py"


# Patents also leave a table of how many applicants were located, by year and way.
use rule intake as intake_patents with:
    output:
        table="<results>/canonical/{world}/{table}.parquet",
        rejects="<results>/intake/{world}/{table}/rejects.parquet",
        attrition="<results>/intake/{world}/{table}/attrition.parquet",
        files="<results>/intake/{world}/{table}/files.parquet",
        coverage="<results>/intake/{world}/{table}/coverage.parquet",
    wildcard_constraints:
        world=WORLDS,
        table="patents",
