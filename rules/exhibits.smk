"""Enters: result records. Leaves: tables and figures in every language and format, and the targets that ask for them."""


rule render_table:
    input:
        records=exhibit_records,
        templates=beside("templates", "*.jinja"),
    output:
        shown=report(
            exhibit_pattern("tables", CONFIG.languages, shown=True),
            caption="../report/exhibit.rst",
            category="{study}",
            subcategory="{exhibit}",
        ),
        others=exhibit_pattern("tables", CONFIG.languages, shown=False),
    log:
        "<logs>/{study}/render_table_{exhibit}.log",
    benchmark:
        "<benchmarks>/{study}/render_table_{exhibit}.tsv"
    wildcard_constraints:
        study=STUDIES,
        exhibit=DECLARED_TABLES,
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
        shown=report(
            exhibit_pattern("figures", CONFIG.languages, shown=True),
            caption="../report/exhibit.rst",
            category="{study}",
            subcategory="{exhibit}",
        ),
        others=exhibit_pattern("figures", CONFIG.languages, shown=False),
    log:
        "<logs>/{study}/draw_figure_{exhibit}.log",
    benchmark:
        "<benchmarks>/{study}/draw_figure_{exhibit}.tsv"
    wildcard_constraints:
        study=STUDIES,
        exhibit=DECLARED_FIGURES,
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


rule tables:
    input:
        exhibit_files(DECLARED, DECLARED, "tables", CONFIG.languages),


rule figures:
    input:
        exhibit_files(DECLARED, DECLARED, "figures", CONFIG.languages),


for name in DECLARED:

    rule:
        name:
            name
        input:
            exhibit_files(DECLARED, [name], "tables", CONFIG.languages),
            exhibit_files(DECLARED, [name], "figures", CONFIG.languages),
