"""Enters: result records. Leaves: tables, figures and a paper of them, and the targets that ask for them."""


rule render_table:
    input:
        records=records_of_exhibit,
        templates=beside("templates", "*.jinja"),
    output:
        shown=shown_in_report("tables"),
        others=exhibit_pattern("tables", CONFIG.languages, shown=False),
    log:
        "<logs>/{study}/render_table_{exhibit}.log",
    benchmark:
        "<benchmarks>/{study}/render_table_{exhibit}.tsv"
    wildcard_constraints:
        study=STUDIES,
        exhibit=one_exhibit("tables"),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
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
        records=records_of_exhibit,
        weights=exhibit_file("weights"),
        pairs=exhibit_file("pairs"),
        panel=exhibit_file("panel"),
        cities=lambda wildcards: (
            registers("cities") if shows_cities(DECLARED[wildcards.study], wildcards.exhibit) else []
        ),
        templates=beside("templates", "*.jinja"),
    output:
        shown=shown_in_report("figures"),
        others=exhibit_pattern("figures", CONFIG.languages, shown=False),
    log:
        "<logs>/{study}/draw_figure_{exhibit}.log",
    benchmark:
        "<benchmarks>/{study}/draw_figure_{exhibit}.tsv"
    wildcard_constraints:
        study=STUDIES,
        exhibit=one_exhibit("figures"),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        exhibit=declared_exhibit,
        languages=CONFIG.languages,
        code=code_of("draw_figure"),
    message:
        "Drawing {wildcards.exhibit} of {wildcards.study}"
    script:
        "../scripts/draw_figure.py"


rule compile_paper:
    input:
        fragments=lambda wildcards: [
            path
            for folder in ("tables", "figures")
            for path in files_of_exhibits(DECLARED, [wildcards.study], folder, [wildcards.language])
            if path.endswith((".tex", ".pdf"))
        ],
        records=lambda wildcards: [
            f"<results>/{wildcards.study}/estimates/{name}.json" for name in DECLARED[wildcards.study].analyses
        ],
        templates=beside("templates", "*.jinja"),
    output:
        pdf="<results>/{study}/{study}_{language}.pdf",
    log:
        "<logs>/{study}/compile_paper_{language}.log",
    benchmark:
        "<benchmarks>/{study}/compile_paper_{language}.tsv"
    wildcard_constraints:
        study=STUDIES,
        language=one_of(CONFIG.languages),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(20),
    params:
        title=lambda wildcards: DECLARED[wildcards.study].title.model_dump(),
        exhibits=lambda wildcards: list(DECLARED[wildcards.study].exhibits),
        code=code_of("compile_paper"),
    message:
        "Compiling all exhibits of {wildcards.study} in one PDF ({wildcards.language})"
    script:
        "../scripts/compile_paper.py"


rule tables:
    input:
        files_of_exhibits(DECLARED, DECLARED, "tables", CONFIG.languages),


rule figures:
    input:
        files_of_exhibits(DECLARED, DECLARED, "figures", CONFIG.languages),


rule paper:
    input:
        [f"<results>/{study}/{study}_{language}.pdf" for study in DECLARED for language in CONFIG.languages],


for name in DECLARED:

    rule:
        name:
            name
        input:
            files_of_exhibits(DECLARED, [name], "tables", CONFIG.languages),
            files_of_exhibits(DECLARED, [name], "figures", CONFIG.languages),
