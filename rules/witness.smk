"""Enters: panels and result records. Leaves: how many digits other software agrees in. Not part of `all`."""


rule witness_analysis:
    input:
        panel="<results>/{study}/panel.parquet",
        record="<results>/{study}/estimates/{analysis}.json",
    output:
        table="<results>/{study}/witness/{analysis}.csv",
    log:
        "<logs>/{study}/witness_{analysis}.log",
    benchmark:
        "<benchmarks>/{study}/witness_{analysis}.tsv"
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
        code=code_of(
            "witness_analysis",
            "citypanel.estimate.witness_linear",
            "citypanel.estimate.witness_quantile",
        ),
    message:
        "Asking a second witness about {wildcards.analysis} of {wildcards.study}"
    script:
        "../scripts/witness_analysis.py"


rule witness:
    input:
        tables=[
            f"<results>/{study}/witness/{analysis}.csv"
            for study, known in DECLARED.items()
            for analysis in known.analyses
        ],
    output:
        table="<results>/witness.csv",
        summary="<results>/witness_summary.csv",
    log:
        "<logs>/witness.log",
    benchmark:
        "<benchmarks>/witness.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        code=code_of("witness"),
    message:
        "Summing up the second witness"
    script:
        "../scripts/witness.py"
