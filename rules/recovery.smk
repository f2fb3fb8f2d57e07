"""Enters: simulated raw files' truth, records. Leaves: what comes back of the truth; the validation's tables and figures.

Not part of `all`: `snakemake validation` makes it, for every study with a validation.yaml.
"""


rule recover_quality:
    input:
        exports=lambda wildcards: f"<results>/canonical/{WORLD[wildcards.study]}/exports.parquet",
        truth=lambda wildcards: f"{RAW.folder(WORLD[wildcards.study])}/truth.json",
        flows=lambda wildcards: f"{RAW.folder(WORLD[wildcards.study])}/truth_flows.parquet",
    output:
        record="<results>/{study}/validation/recovered_quality.json",
    log:
        "<logs>/{study}/recover_quality.log",
    benchmark:
        "<benchmarks>/{study}/recover_quality.tsv"
    wildcard_constraints:
        study=one_of(FLOWS_KNOWN),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=minutes(20),
    params:
        code=code_of("recover_quality"),
    message:
        "Comparing estimated with true quality in the raw files of {wildcards.study}"
    script:
        "../scripts/recover_quality.py"


rule recover_effects:
    input:
        records=lambda wildcards: [
            f"<results>/{wildcards.study}/estimates/{name}.json"
            for name in dict.fromkeys(effect.analysis for effect in VALIDATED[wildcards.study].effects.values())
        ],
        panel="<results>/{study}/panel.parquet",
        truth=lambda wildcards: f"{RAW.folder(WORLD[wildcards.study])}/truth.json",
        cities=truth_of_cities,
    output:
        record="<results>/{study}/validation/recovered_effects.json",
    log:
        "<logs>/{study}/recover_effects.log",
    benchmark:
        "<benchmarks>/{study}/recover_effects.tsv"
    wildcard_constraints:
        study=one_of(RECOVERED),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        declared=lambda wildcards: recovery_slice(VALIDATED[wildcards.study], wildcards.study),
        code=code_of("recover_effects"),
    message:
        "Comparing estimated with true effects in the raw files of {wildcards.study}"
    script:
        "../scripts/recover_effects.py"


use rule render_table as render_validation with:
    input:
        records=shown_records,
        templates=beside("templates", "*.jinja"),
    output:
        validation_pattern("tables", CONFIG.languages),
    log:
        "<logs>/{study}/render_validation_{shown}.log",
    benchmark:
        "<benchmarks>/{study}/render_validation_{shown}.tsv"
    wildcard_constraints:
        study=one_of(VALIDATED),
        shown=one_of(TITLES),
    params:
        exhibit=shown_exhibit,
        languages=CONFIG.languages,
        code=code_of("render_table"),
    message:
        "Rendering {wildcards.shown} of {wildcards.study}"


use rule draw_figure as draw_validation with:
    input:
        records=shown_records,
        weights=[],
        pairs=[],
        panel=[],
        cities=[],
        templates=beside("templates", "*.jinja"),
    output:
        validation_pattern("figures", CONFIG.languages),
    log:
        "<logs>/{study}/draw_validation_{shown}.log",
    benchmark:
        "<benchmarks>/{study}/draw_validation_{shown}.tsv"
    wildcard_constraints:
        study=one_of(VALIDATED),
        shown=one_of(TITLES),
    params:
        exhibit=shown_exhibit,
        languages=CONFIG.languages,
        code=code_of("draw_figure"),
    message:
        "Drawing {wildcards.shown} of {wildcards.study}"


rule validation:
    input:
        validation_files(
            {
                name: [*counted(known), *(["recovery"] if name in RECOVERED else [])]
                for name, known in VALIDATED.items()
            },
            "tables",
            CONFIG.languages,
        ),
        validation_files(
            {
                name: [*counted(known), *(["recovery"] if name in FLOWS_KNOWN else [])]
                for name, known in VALIDATED.items()
            },
            "figures",
            CONFIG.languages,
        ),
