"""Enters: result records. Leaves: tables and figures in every language and format, and the targets that ask for them."""


rule render_table:
    input:
        records=exhibit_records,
        templates=TEMPLATES,
    output:
        files=expand(
            "<results>/{{study}}/tables/{{exhibit}}_{language}.{format}",
            language=CONFIG.languages,
            format=FORMATS,
        ),
    log:
        "<logs>/{study}/render_table_{exhibit}.log",
    benchmark:
        "<benchmarks>/{study}/render_table_{exhibit}.tsv"
    wildcard_constraints:
        study=STUDIES,
        exhibit=every_exhibit(TABLES),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        exhibit=declared_exhibit,
        languages=CONFIG.languages,
        code=code_of("render_table"),
    message:
        "Rendering {wildcards.exhibit} of {wildcards.study}"
    script:
        "../scripts/render_table.py"


rule draw_figure:
    input:
        records=exhibit_records,
    output:
        files=expand(
            "<results>/{{study}}/figures/{{exhibit}}_{language}.{format}",
            language=CONFIG.languages,
            format=PICTURES,
        ),
    log:
        "<logs>/{study}/draw_figure_{exhibit}.log",
    benchmark:
        "<benchmarks>/{study}/draw_figure_{exhibit}.tsv"
    wildcard_constraints:
        study=STUDIES,
        exhibit=every_exhibit(FIGURES),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        exhibit=declared_exhibit,
        languages=CONFIG.languages,
        code=code_of("draw_figure"),
    message:
        "Drawing {wildcards.exhibit} of {wildcards.study}"
    script:
        "../scripts/draw_figure.py"


def tables_of(study):
    return expand(
        "<results>/{study}/tables/{exhibit}_{language}.{format}",
        study=study,
        exhibit=exhibits_of(study, TABLES),
        language=CONFIG.languages,
        format=FORMATS,
    )


def figures_of(study):
    return expand(
        "<results>/{study}/figures/{exhibit}_{language}.{format}",
        study=study,
        exhibit=exhibits_of(study, FIGURES),
        language=CONFIG.languages,
        format=PICTURES,
    )


rule tables:
    input:
        [file for study in DECLARED for file in tables_of(study)],


rule figures:
    input:
        [file for study in DECLARED for file in figures_of(study)],


for name in DECLARED:

    rule:
        name:
            name
        input:
            tables_of(name),
            figures_of(name),
