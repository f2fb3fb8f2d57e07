"""Enters: nothing but a seed. Leaves: simulated raw files in the real files' formats, a folder for each world."""

# Which files a world has is data, so each world is a rule; a run without the sample has none.
for world in sorted(set(WORLD.values())) if RAW.are_simulated else ():

    rule:
        name:
            f"simulate_sample_{world}"
        output:
            files=[f"{RAW.folder(world)}/{name}" for name in sample_files(CONFIG.sample.preset, world)],
        log:
            f"<logs>/simulate_sample_{world}.log",
        benchmark:
            f"<benchmarks>/simulate_sample_{world}.tsv"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=memory(2000),
            runtime=minutes(20),
        params:
            folder=lambda wildcards, output: str(Path(output.files[0]).parent),
            world=world,
            preset=CONFIG.sample.preset,
            seed=CONFIG.sample.seed,
            code=code_of("simulate_sample"),
        message:
            f"Simulating raw files of {world} (preset {CONFIG.sample.preset}); nothing made from them is evidence"
        script:
            "../scripts/simulate_sample.py"
