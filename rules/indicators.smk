"""Enters: canonical tables. Leaves: one file of city-year values per indicator and variant, shared by studies."""


rule clean_records:
    input:
        exports="<results>/canonical/{world}/exports.parquet",
        files=lambda wildcards: cleaning_files(CLEANINGS.options[wildcards.world, wildcards.cleaning]),
        registers=registers("intermediary_words"),
    output:
        flows="<results>/flows/{world}/{cleaning}/{group}.flows.arrow",
        account="<results>/flows/{world}/{cleaning}/{group}.account.arrow",
    log:
        "<logs>/clean_records_{world}_{cleaning}_{group}.log",
    benchmark:
        "<benchmarks>/clean_records_{world}_{cleaning}_{group}.tsv"
    wildcard_constraints:
        world=WORLDS,
        cleaning=one_of(cleaning for _, cleaning in CLEANINGS.options),
        group=one_of(GROUPS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, per_input_mb=0.2),
        runtime=minutes(20, per_input_mb=0.05),
    params:
        group="{group}",
        options=lambda wildcards: CLEANINGS.options[wildcards.world, wildcards.cleaning],
        code=code_of("clean_records"),
    message:
        "Cleaning customs records ({wildcards.cleaning}, {wildcards.world}, chapters {wildcards.group})"
    script:
        "../scripts/clean_records.py"


rule build_indicator:
    input:
        tables=indicator_inputs,
        files=indicator_own_files,
        registers=lambda wildcards: registers(*LOOKED_UP.get(wildcards.indicator, ())),
    output:
        values="<results>/indicators/{world}/{indicator}/{variant}.parquet",
    log:
        "<logs>/build_indicator_{world}_{indicator}_{variant}.log",
    benchmark:
        "<benchmarks>/build_indicator_{world}_{indicator}_{variant}.tsv"
    wildcard_constraints:
        world=WORLDS,
        indicator=one_of(name for _, name, _ in VARIANTS if not has_attrition(name)),
        variant=one_of(variant for _, _, variant in VARIANTS),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, per_input_mb=4),
        runtime=minutes(20, per_input_mb=0.05),
    params:
        indicator="{indicator}",
        options=indicator_options,
        code=lambda wildcards: code_of("build_indicator", f"citypanel.indicators.{wildcards.indicator}"),
    message:
        "Computing {wildcards.indicator} ({wildcards.variant}, {wildcards.world}) by city and year"
    script:
        "../scripts/build_indicator.py"


# Customs records leave an account of every row beside the values, as a record that exhibits read.
use rule build_indicator as build_export_indicator with:
    output:
        values="<results>/indicators/{world}/{indicator}/{variant}.parquet",
        attrition="<results>/indicators/{world}/{indicator}/{variant}.attrition.json",
    wildcard_constraints:
        world=WORLDS,
        indicator=one_of(name for _, name, _ in VARIANTS if has_attrition(name) and name != "quality"),
        variant=one_of(variant for _, _, variant in VARIANTS),


# Quality leaves means of provinces and firms, and the elasticities it used: steps between, which no package ships.
use rule build_indicator as build_quality with:
    output:
        values="<results>/indicators/{world}/{indicator}/{variant}.parquet",
        attrition="<results>/indicators/{world}/{indicator}/{variant}.attrition.json",
        provinces="<results>/beside/{world}/{indicator}/{variant}/provinces.parquet",
        firms="<results>/beside/{world}/{indicator}/{variant}/firms.parquet",
        sigma="<results>/beside/{world}/{indicator}/{variant}/sigma.parquet",
    wildcard_constraints:
        world=WORLDS,
        indicator="quality",
        variant=one_of(variant for _, name, variant in VARIANTS if name == "quality"),
    resources:
        mem_mb=memory(1500, per_input_mb=0.5),
        runtime=minutes(20, per_input_mb=0.05),


rule build_pairs:
    input:
        patents="<results>/canonical/{world}/patents.parquet",
    output:
        pairs="<results>/indicators/{world}/cooperation/{variant}.pairs.parquet",
    log:
        "<logs>/build_pairs_{world}_{variant}.log",
    benchmark:
        "<benchmarks>/build_pairs_{world}_{variant}.tsv"
    wildcard_constraints:
        world=WORLDS,
        variant=one_of(variant for _, name, variant in VARIANTS if name == "cooperation"),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500, per_input_mb=4),
        runtime=minutes(20, per_input_mb=0.05),
    params:
        options=lambda wildcards: VARIANTS[wildcards.world, "cooperation", wildcards.variant],
        code=code_of("build_pairs"),
    message:
        "Computing joint patents between cities ({wildcards.variant}, {wildcards.world})"
    script:
        "../scripts/build_pairs.py"
