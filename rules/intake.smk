"""Enters: raw files of one kind. Leaves: a canonical table, its rejects, its attrition and a line per file.

Customs files are read side by side, as they are the large ones: what needs all of them comes after.
"""


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
        table=one_of(table for table in KINDS if table not in ("patents", "exports")),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, per_input_mb=2),
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


rule read_customs:
    input:
        files=part_files,
        beside=lambda wildcards: RAW.beside(wildcards.world, KINDS["exports"].folder, part_files(wildcards)),
        mark=raw_mark,
        registers=registers(*KINDS["exports"].registers),
    output:
        rows="<results>/read/{world}/customs/{part}/rows.arrow",
        rejects="<results>/read/{world}/customs/{part}/rejects.arrow",
        prints="<results>/read/{world}/customs/{part}/prints.arrow",
        things="<results>/read/{world}/customs/{part}/things.arrow",
    log:
        "<logs>/read_customs_{world}_{part}.log",
    benchmark:
        "<benchmarks>/read_customs_{world}_{part}.tsv"
    wildcard_constraints:
        world=WORLDS,
        part=one_of(re.escape(part) for parts in PARTS.values() for part in parts),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, per_input_mb=0.1),
        runtime=minutes(20, per_input_mb=0.02),
    params:
        root=lambda wildcards: RAW.folder(wildcards.world),
        rules=CONFIG.intake.customs.model_dump(),
        # Rows are told apart by DuckDB's hashes, which may change from release to release.
        hashed=version("duckdb"),
        code=code_of("read_customs"),
    message:
        "Reading customs files from {wildcards.part} on ({wildcards.world})"
    script:
        "../scripts/read_customs.py"


rule join_customs:
    input:
        rows=customs_parts("rows"),
        rejects=customs_parts("rejects"),
        prints=customs_parts("prints"),
        things=customs_parts("things"),
    output:
        table="<results>/canonical/{world}/exports.parquet",
        rejects="<results>/intake/{world}/exports/rejects.parquet",
        attrition="<results>/intake/{world}/exports/attrition.parquet",
        files="<results>/intake/{world}/exports/files.parquet",
        completeness="<results>/intake/{world}/exports/completeness.parquet",
    log:
        "<logs>/join_customs_{world}.log",
    benchmark:
        "<benchmarks>/join_customs_{world}.tsv"
    wildcard_constraints:
        world=WORLDS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, per_input_mb=0.1),
        runtime=minutes(20, per_input_mb=0.02),
    params:
        rules=CONFIG.intake.customs.model_dump(),
        code=code_of("join_customs"),
    message:
        "Joining customs files to the table exports ({wildcards.world}): copies, account, completeness"
    script:
        "../scripts/join_customs.py"
