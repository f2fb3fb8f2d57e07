"""Enters: finished results, the checkout. Leaves: the replication package, and what its disclosure gate counts."""

from citypanel.declare.package import VARIANTS as PACKAGES
from citypanel.declare.package import code_files

# Indicators made from the records of firms, by world: their cells may tell of single firms.
OF_FIRMS = {
    key: options for key, options in VARIANTS.items() if RAW.are_read and "exports" in indicator_tables(key[1], options)
}


rule count_contributors:
    input:
        exports="<results>/canonical/{world}/exports.parquet",
    output:
        counts="<results>/disclosure/{world}/contributors.parquet",
        differences="<results>/disclosure/{world}/differences.parquet",
    log:
        "<logs>/count_contributors_{world}.log",
    benchmark:
        "<benchmarks>/count_contributors_{world}.tsv"
    wildcard_constraints:
        world=WORLDS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, per_input_mb=2),
        runtime=minutes(20),
    params:
        variants=lambda wildcards: [
            [name, variant, options]
            for (world, name, variant), options in OF_FIRMS.items()
            if world == wildcards.world
        ],
        largest=CONFIG.package.dominant_firms,
        code=code_of("count_contributors"),
    message:
        "Counting the firms behind the cities and years of {wildcards.world}"
    script:
        "../scripts/count_contributors.py"


rule contributors:
    input:
        [f"<results>/disclosure/{world}/contributors.parquet" for world in sorted({world for world, *_ in OF_FIRMS})],


rule build_package:
    input:
        results=[rules.tables.input, rules.figures.input, rules.audits.input, rules.ledgers.input],
        counts=rules.contributors.input,
        checkout=sorted(os.path.relpath(path) for path in code_files(BASE, CONFIG.studies_folder, DECLARED)),
    output:
        archive="<results>/package/{variant}.zip",
    log:
        "<logs>/build_package_{variant}.log",
    benchmark:
        "<benchmarks>/build_package_{variant}.tsv"
    wildcard_constraints:
        variant=one_of(PACKAGES),
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000, per_input_mb=1),
        runtime=minutes(20),
    params:
        config=CONFIG.model_dump(mode="json"),
        studies=list(DECLARED),
        base=os.path.relpath(BASE),
        results=lambda wildcards, output: str(Path(output.archive).parent.parent),
        code=code_of("build_package"),
    message:
        "Building the replication package ({wildcards.variant})"
    script:
        "../scripts/build_package.py"


rule package:
    input:
        "<results>/package/public.zip",
