"""Enters: a seed, weights. Leaves: a record of bias, coverage and size of a study's estimators on drawn panels."""


rule draw_panels:
    input:
        weights=validation_weights,
    output:
        panels=temp("<results>/{study}/validation/panels_{block}.parquet"),
        truth="<results>/{study}/validation/truth_{block}.parquet",
    log:
        "<logs>/{study}/draw_panels_{block}.log",
    benchmark:
        "<benchmarks>/{study}/draw_panels_{block}.tsv"
    wildcard_constraints:
        study=one_of(VALIDATED),
        block=r"\d+",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        world=lambda wildcards: DRAWN[wildcards.study],
        designs=lambda wildcards: list(VALIDATED[wildcards.study].designs),
        numbers=lambda wildcards: numbers_of(wildcards.block),
        seed=CONFIG.validation.seed,
        columns=lambda wildcards: checks_words(
            checks_slice(VALIDATED[wildcards.study], DECLARED[wildcards.study], wildcards.study)
        ),
        code=code_of("draw_panels"),
    message:
        "Drawing panels {params.numbers} of {wildcards.study}; nothing made from them is evidence"
    script:
        "../scripts/draw_panels.py"


rule check_estimators:
    input:
        panels="<results>/{study}/validation/panels_{block}.parquet",
        weights=validation_weights,
    output:
        found="<results>/{study}/validation/found_{block}.parquet",
    log:
        "<logs>/{study}/check_estimators_{block}.log",
    benchmark:
        "<benchmarks>/{study}/check_estimators_{block}.tsv"
    wildcard_constraints:
        study=one_of(VALIDATED),
        block=r"\d+",
    # Drawn panels are large and go once they are estimated on: that comes before drawing more.
    priority: 10
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        checks=lambda wildcards: checks_slice(VALIDATED[wildcards.study], DECLARED[wildcards.study], wildcards.study),
        code=lambda wildcards: code_of(
            "check_estimators",
            *(METHODS[method] for method in check_methods(VALIDATED[wildcards.study])),
        ),
    message:
        "Trying the estimators of {wildcards.study} on block {wildcards.block} of its panels"
    script:
        "../scripts/check_estimators.py"


rule count_coverage:
    input:
        found=[f"<results>/{{study}}/validation/found_{block}.parquet" for block in BLOCKS],
        truth=[f"<results>/{{study}}/validation/truth_{block}.parquet" for block in BLOCKS],
    output:
        record="<results>/{study}/validation/validation.json",
    log:
        "<logs>/{study}/count_coverage.log",
    benchmark:
        "<benchmarks>/{study}/count_coverage.tsv"
    wildcard_constraints:
        study=one_of(VALIDATED),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        checks=lambda wildcards: checks_slice(VALIDATED[wildcards.study], DECLARED[wildcards.study], wildcards.study),
        seed=CONFIG.validation.seed,
        code=code_of("count_coverage"),
    message:
        "Counting bias, coverage and size of the estimators of {wildcards.study}"
    script:
        "../scripts/count_coverage.py"
