"""What every sample says about itself."""

from citypanel.sample.presets import YRD_COOPERATION, Preset
from citypanel.sample.tables import text_of


def notice(preset: Preset, seed: int, study: str = YRD_COOPERATION) -> str:
    """Return the text of SIMULATED.txt, in English and Chinese."""
    if study != YRD_COOPERATION:
        return text_of("notice_worlds.txt").format(study=study, preset=preset.name, seed=seed)
    names = {"preset": preset.name, "divisor": preset.patent_divisor, "seed": seed}
    scaled = {
        f"scaled_{language}": text_of(f"notice_scaled_{language}.txt").format(**names)
        if preset.patent_divisor > 1
        else ""
        for language in ("en", "zh")
    }
    return text_of("notice.txt").format(**names, **scaled)
