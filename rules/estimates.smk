"""Enters: a study's panel. Leaves: one result record per analysis, whatever its family."""


rule estimate:
    input:
        panel="<results>/{study}/panel.parquet",
        weights=weights_inputs,
    output:
        record="<results>/{study}/estimates/{analysis}.json",
    log:
        "<logs>/{study}/estimate_{analysis}.log",
    benchmark:
        "<benchmarks>/{study}/estimate_{analysis}.tsv"
    wildcard_constraints:
        study=STUDIES,
        analysis=ANALYSES,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(20),
    params:
        analysis=declared_analysis,
        code=method_code,
    message:
        "Estimating {wildcards.analysis} of {wildcards.study}"
    script:
        "../scripts/estimate.py"
