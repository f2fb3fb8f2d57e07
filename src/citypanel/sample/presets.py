"""The sizes of the sample and the files of each, known before anything is written."""

from dataclasses import dataclass

from citypanel.errors import InputError

YEARS = tuple(range(2011, 2021))
KINDS = ("customs", "patents", "yearbook", "world_trade")
LARGEST_SEED = 2**63 - 1
NOTICE, TRUTH = "SIMULATED.txt", "truth.json"


@dataclass(frozen=True)
class Preset:
    """One size: customs records aimed at, what joint patents are divided by, products, space needed."""

    name: str
    customs_rows: int
    patent_divisor: int
    chapters: tuple[str, ...]
    products_per_chapter: int
    other_cities: int
    megabytes: int


PRESETS = {
    "tiny": Preset("tiny", 4_500, 20, ("03", "10", "27", "30", "62", "85"), 2, 30, 10),
    "default": Preset("default", 240_000, 1, (), 0, 240, 150),
    "full": Preset("full", 20_500_000, 1, (), 0, 240, 6_000),
}


def preset_of(name: str) -> Preset:
    """Return a preset; raise InputError with the names there are."""
    if name not in PRESETS:
        raise InputError(f"sample: preset {name!r} is not known; choose {', '.join(PRESETS)}")
    return PRESETS[name]


def checked_seed(seed: object) -> int:
    """Return the seed; raise InputError if it is no whole number from 0 to 2^63 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"sample: seed {seed!r} is not a whole number from 0 to {LARGEST_SEED}")
    return seed


def checked_kinds(kinds: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the kinds of files to write, in their fixed order; raise InputError for an unknown one."""
    for kind in kinds or ():
        if kind not in KINDS:
            raise InputError(f"sample: {kind!r} is no kind of raw file; choose from {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kinds is None or kind in kinds)


def sample_files(preset: str) -> tuple[str, ...]:
    """Return the paths, relative to the sample's folder, of all files that the preset writes."""
    preset_of(preset)
    return (
        NOTICE,
        TRUTH,
        *(f"customs/customs_{year}.csv" for year in YEARS),
        *(f"patents/incopat_{year}.{'xlsx' if year == YEARS[0] else 'csv'}" for year in YEARS),
        "yearbook/city_yearbook_2011_2015.xlsx",
        "yearbook/city_yearbook_2016_2020.xlsx",
        "world_trade/world_trade_2011_2020.csv",
    )
