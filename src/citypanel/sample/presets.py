"""The studies, sizes and files of the sample, known before anything is written and without numpy."""

from dataclasses import dataclass

from citypanel.errors import InputError

YEARS = tuple(range(2011, 2021))
YRD_COOPERATION = "yrd_cooperation"
# Each study has a simulated world and a raw folder of its own: one world cannot be calibrated to four papers.
KINDS_OF = {
    YRD_COOPERATION: ("customs", "patents", "yearbook", "world_trade"),
    "smart_city": ("customs", "yearbook", "policies", "reference"),
    "ip_model_city": ("customs", "yearbook", "world_trade", "policies"),
    "collaborative_gap": ("patents", "yearbook"),
}
STUDIES = tuple(KINDS_OF)
# Printed tables that a world was constructed from: what comes out of them was put in.
CALIBRATED = {YRD_COOPERATION: tuple(f"table{number}.csv" for number in range(2, 8))}
LARGEST_SEED = 2**63 - 1
CONSTRUCTED_PANEL = "yrd_cooperation_panel.csv"
NOTICE, TRUTH = "SIMULATED.txt", "truth.json"

_EVERY = ("tiny", "default", "full")
# Tables of truth beside the raw files, and the presets that write them.
TRUTH_TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "smart_city": {"truth_cities.csv": _EVERY, "truth_flows.parquet": ("tiny", "default")},
    "ip_model_city": {"truth_cities.csv": _EVERY},
    "collaborative_gap": {"truth_cities.csv": _EVERY},
}
MEGABYTES = {
    "smart_city": {"tiny": 20, "default": 100, "full": 1_500},
    "ip_model_city": {"tiny": 20, "default": 100, "full": 1_500},
    "collaborative_gap": {"tiny": 20, "default": 100, "full": 1_500},
}
FILES = {
    YRD_COOPERATION: (
        *(f"customs/customs_{year}.csv" for year in YEARS),
        *(f"patents/incopat_{year}.{'xlsx' if year == YEARS[0] else 'csv'}" for year in YEARS),
        "yearbook/city_yearbook_2011_2015.xlsx",
        "yearbook/city_yearbook_2016_2020.xlsx",
        "world_trade/world_trade_2011_2020.csv",
    ),
    "smart_city": (
        *(f"customs/tradedata_{year}_{part}.dta" for year in (2010, 2011) for part in (1, 2)),
        *(f"customs/customs_{year}.csv" for year in range(2012, 2017)),
        "yearbook/city_yearbook_2010_2015.xlsx",
        "yearbook/city_yearbook_2016_2021.xlsx",
        "yearbook/variables.csv",
        "policies/smart_city.csv",
        "reference/province_quality.csv",
        "reference/elasticities.csv",
    ),
    "ip_model_city": (
        *(f"customs/tradedata_{year}_{part}.dta" for year in range(2007, 2012) for part in (1, 2)),
        *(f"customs/custom_{year}_exp.dta" for year in range(2012, 2016)),
        *(f"customs/customs_{year}.csv" for year in range(2016, 2019)),
        "yearbook/city_yearbook_2007_2018.csv",
        "world_trade/world_trade_2007_2018.csv",
        "policies/ip_model_city.csv",
        *(f"policies/{name}.csv" for name in ("innovative_city", "smart_city", "low_carbon", "broadband")),
    ),
    "collaborative_gap": (
        *(f"patents/incopat_{year}.csv" for year in range(2008, 2021)),
        "yearbook/city_yearbook_2010_2020.csv",
        "yearbook/variables.csv",
    ),
}
# Variables of yearbook/variables.csv: what labels mean that the register of labels does not know.
OWN_COLUMNS: dict[str, tuple[str, ...]] = {
    "smart_city": ("tertiary_employment_wan", "market_index", "ruggedness", "resource_misallocation"),
    "collaborative_gap": ("rd_staff_flow", "rd_fund_flow"),
}


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


def checked_study(study: str) -> str:
    """Return the study; raise InputError with those that have a sample."""
    if study not in KINDS_OF:
        raise InputError(f"sample: study {study!r} has no simulated world; there are {', '.join(STUDIES)}")
    return study


def checked_kinds(kinds: tuple[str, ...] | None, study: str = YRD_COOPERATION) -> tuple[str, ...]:
    """Return the kinds of files to write, in their fixed order; raise InputError for one that the study lacks."""
    there = KINDS_OF[checked_study(study)]
    for kind in kinds or ():
        if kind not in there:
            raise InputError(f"sample: {kind!r} is no kind of raw file of {study}; choose from {', '.join(there)}")
    return tuple(kind for kind in there if kinds is None or kind in kinds)


def megabytes(preset: str, study: str) -> int:
    """Return the space that a sample needs."""
    return preset_of(preset).megabytes if study == YRD_COOPERATION else MEGABYTES[checked_study(study)][preset]


def own_columns(study: str) -> tuple[str, ...]:
    """Return the yearbook variables of a world that the register of labels does not know."""
    return OWN_COLUMNS.get(checked_study(study), ())


def sample_files(preset: str, study: str = YRD_COOPERATION) -> tuple[str, ...]:
    """Return the paths, relative to the sample's folder, of all files that the preset writes for a study.

    Raises
    ------
    InputError
        Unknown preset or study; the line names those there are.
    """
    preset_of(preset)
    tables = tuple(name for name, sizes in TRUTH_TABLES.get(checked_study(study), {}).items() if preset in sizes)
    return (NOTICE, TRUTH, *tables, *FILES[study])


def calibrated_tables(study: str) -> tuple[str, ...]:
    """Return the printed tables of a study, as files of its folder `published`, that its world was constructed from."""
    return CALIBRATED.get(study, ())
