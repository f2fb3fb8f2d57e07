"""Enters: indicators, the yearbook table, registers. Leaves: a study's panel, a report on it, its weights matrices."""


rule build_panel:
    input:
        indicators=panel_inputs,
        tables=lambda wildcards: [
            f"<results>/canonical/{WORLD[wildcards.study]}/{name}.parquet"
            for name in panel_tables(DECLARED[wildcards.study])
        ],
        policies=panel_lists,
        registers=registers(*PANEL_REGISTERS),
    output:
        panel="<results>/{study}/panel.parquet",
        report="<results>/{study}/panel_report.csv",
    log:
        "<logs>/{study}/build_panel.log",
    benchmark:
        "<benchmarks>/{study}/build_panel.tsv"
    wildcard_constraints:
        study=BUILT,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        declared=declared_panel,
        code=code_of("build_panel"),
    message:
        "Building the panel of {wildcards.study}"
    script:
        "../scripts/build_panel.py"


rule build_weights:
    input:
        panel="<results>/{study}/panel.parquet",
        registers=registers("cities"),
    output:
        weights="<results>/{study}/weights/{weights}.csv",
    log:
        "<logs>/{study}/build_weights_{weights}.log",
    benchmark:
        "<benchmarks>/{study}/build_weights_{weights}.tsv"
    wildcard_constraints:
        study=STUDIES,
        weights=one_of(name for study in DECLARED.values() for name in all_weights(study)),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        declared=lambda wildcards: all_weights(DECLARED[wildcards.study])[wildcards.weights].model_dump(),
        code=code_of("build_weights"),
    message:
        "Building the weights matrix {wildcards.weights} of {wildcards.study}"
    script:
        "../scripts/build_weights.py"
