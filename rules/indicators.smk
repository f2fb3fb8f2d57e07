"""Enters: canonical tables. Leaves: one file of city-year values per indicator and variant, shared by studies."""


rule build_indicator:
    input:
        tables=indicator_inputs,
        registers=lambda wildcards: registers("cities") if wildcards.indicator == "cooperation" else [],
    output:
        values="<results>/indicators/{indicator}/{variant}.parquet",
    log:
        "<logs>/build_indicator_{indicator}_{variant}.log",
    benchmark:
        "<benchmarks>/build_indicator_{indicator}_{variant}.tsv"
    wildcard_constraints:
        indicator=one_of(name for name, _ in VARIANTS),
        variant=one_of(variant for _, variant in VARIANTS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=3000,
    params:
        indicator="{indicator}",
        options=lambda wildcards: VARIANTS[wildcards.indicator, wildcards.variant],
        code=lambda wildcards: code_of("build_indicator", f"citypanel.indicators.{wildcards.indicator}"),
    message:
        "Computing {wildcards.indicator} ({wildcards.variant}) by city and year"
    script:
        "../scripts/build_indicator.py"


rule build_pairs:
    input:
        patents="<results>/canonical/patents.parquet",
    output:
        pairs="<results>/indicators/cooperation/{variant}.pairs.parquet",
    log:
        "<logs>/build_pairs_{variant}.log",
    benchmark:
        "<benchmarks>/build_pairs_{variant}.tsv"
    wildcard_constraints:
        variant=one_of(variant for indicator, variant in VARIANTS if indicator == "cooperation"),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        options=lambda wildcards: VARIANTS["cooperation", wildcards.variant],
        code=code_of("build_pairs"),
    message:
        "Computing joint patents between cities ({wildcards.variant})"
    script:
        "../scripts/build_pairs.py"
