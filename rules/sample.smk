"""Enters: nothing but a seed. Leaves: simulated raw files in the real files' formats."""


rule simulate_sample:
    output:
        files=[f"{RAW}/{name}" for name in sample_files(CONFIG.sample.preset)],
    log:
        "<logs>/simulate_sample.log",
    benchmark:
        "<benchmarks>/simulate_sample.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        folder=lambda wildcards, output: str(Path(output.files[0]).parent),
        preset=CONFIG.sample.preset,
        seed=CONFIG.sample.seed,
        code=code_of("simulate_sample"),
    message:
        "Simulating raw files (preset {params.preset}); nothing made from them is evidence"
    script:
        "../scripts/simulate_sample.py"
