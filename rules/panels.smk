"""Enters: indicators, the yearbook table, registers. Leaves: a study's panel and a report on its variables."""


rule build_panel:
    input:
        indicators=panel_inputs,
        tables=lambda wildcards: [
            f"<results>/canonical/{name}.parquet" for name in panel_tables(DECLARED[wildcards.study])
        ],
        registers=registers(*PANEL_REGISTERS),
    output:
        panel="<results>/{study}/panel.parquet",
        report="<results>/{study}/panel_report.csv",
    log:
        "<logs>/{study}/build_panel.log",
    benchmark:
        "<benchmarks>/{study}/build_panel.tsv"
    wildcard_constraints:
        study=STUDIES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        declared=declared_panel,
        code=code_of("build_panel"),
    message:
        "Building the panel of {wildcards.study}"
    script:
        "../scripts/build_panel.py"
