from pathlib import Path

import pytest

from citypanel.declare.cleaning import WAYS
from citypanel.declare.config import parse_config
from citypanel.declare.indicators import QualityOptions
from citypanel.declare.load import load_studies, load_study
from citypanel.declare.raw import OWN, RawFolders, require_files, world_cleanings, world_variants
from citypanel.declare.study import WORLDS, Study
from citypanel.errors import DeclarationError, UnknownDataError
from citypanel.registers import Registers
from citypanel.sample import STUDIES, own_columns, sample_files

TEXT = {"en": "a", "zh": "甲"}


def study(**changes: object) -> Study:
    quality = {"source": "quality", "sigma": "{raw}/reference/elasticities.csv", "label": TEXT}
    document = {
        "title": TEXT,
        "sample": {"years": [2011, 2012]},
        "variables": {"quality": quality},
        "analyses": {"baseline": {"columns": "quality ~ 1"}},
    }
    return Study.model_validate({**document, **changes})


def folders(raw: str = "sample") -> RawFolders:
    config = parse_config({"studies": "mine", "raw": raw})
    return RawFolders(config, "results", lambda world: sample_files("tiny", world))


def test_the_worlds_a_study_may_name_are_those_of_the_sample() -> None:
    assert WORLDS == STUDIES


def test_each_study_has_its_own_world_and_a_fifth_has_the_first() -> None:
    assert folders().world("smart_city", study()) == "smart_city"
    assert folders().world("mine", study()) == "yrd_cooperation"
    assert folders().world("mine", study(world="ip_model_city")) == "ip_model_city"


def test_own_files_are_one_world_for_all_studies(tmp_path: Path) -> None:
    (tmp_path / "customs").mkdir()
    (tmp_path / "customs" / "b.csv").touch()
    (tmp_path / "customs" / "a.csv").touch()
    raw = folders(str(tmp_path))
    assert {raw.world(name, study(world="smart_city")) for name in WORLDS} == {OWN}
    assert raw.files(OWN, "customs") == [str(tmp_path / "customs" / name) for name in ("a.csv", "b.csv")]
    assert raw.files(OWN, "patents") == []


def test_own_labels_beside_the_yearbook_name_columns_that_a_study_may_use(tmp_path: Path) -> None:
    (tmp_path / "yearbook").mkdir()
    (tmp_path / "yearbook" / "labels.csv").write_bytes(
        "label,variable,unit\n地形起伏度,ruggedness,指数\n".encode("gb18030")
    )
    (tmp_path / "yearbook" / "cells.csv").write_text("city,year,gdp\n", encoding="utf-8")
    assert folders(str(tmp_path)).yearbook_columns(OWN) == ("ruggedness",)
    assert folders().yearbook_columns("smart_city") == ()
    sampled = RawFolders(folders().config, "results", lambda world: sample_files("tiny", world), own_columns)
    assert "ruggedness" in sampled.yearbook_columns("smart_city")


def test_policies_of_the_raw_folder_go_by_the_name_of_their_file() -> None:
    assert folders().policies("smart_city") == {"smart_city": "results/raw/smart_city/policies/smart_city.csv"}


def test_the_raw_folder_stands_in_for_its_placeholder_and_the_files_name_does_not_depend_on_it() -> None:
    (sampled,) = world_variants(folders(), {"smart_city": study()}).items()
    (own,) = world_variants(folders("mine"), {"smart_city": study()}).items()
    assert sampled[1]["sigma"] == "results/raw/smart_city/reference/elasticities.csv"
    assert own[1]["sigma"] == "mine/reference/elasticities.csv"
    assert sampled[0][1:] == own[0][1:]


@pytest.mark.parametrize(
    ("listed", "fault"),
    [
        ("adcode\n310000\nShanghai\n", "row 3, column adcode: found 'Shanghai'"),
        ("city\n310000\n", "row 2, column adcode: found ''"),
        ("adcode\n", "it has no row"),
        (None, "does not exist"),
    ],
)
def test_a_file_of_cities_is_read_or_refused_with_its_row(tmp_path: Path, listed: str | None, fault: str) -> None:
    yaml = """
title: {en: a, zh: 甲}
sample: {cities: {file: cities.csv}, years: [2011, 2012]}
variables: {gdp: {source: yearbook, column: gdp_wan, label: {en: a, zh: 甲}}}
analyses: {baseline: {columns: gdp ~ 1}}
"""
    (tmp_path / "study.yaml").write_text(yaml, encoding="utf-8")
    (tmp_path / "cities.csv").write_text("adcode\n310000\n320100\n", encoding="utf-8")
    assert load_study(tmp_path, Registers()).sample.cities.adcodes == (310000, 320100)
    (tmp_path / "cities.csv").unlink()
    if listed is not None:
        (tmp_path / "cities.csv").write_text(listed, encoding="utf-8")
    with pytest.raises(DeclarationError, match=fault):
        load_study(tmp_path, Registers())


def test_with_own_files_a_study_that_names_data_nobody_lists_is_left_out_with_its_fault(tmp_path: Path) -> None:
    yaml = """
title: {en: a, zh: 甲}
sample: {years: [2011, 2012]}
variables:
  did: {source: policy, policy: smart_city, label: {en: a, zh: 甲}}
  gdp: {source: yearbook, column: gdp_wan, label: {en: a, zh: 甲}}
analyses: {baseline: {columns: gdp ~ did}}
"""
    for name, policy in (("first", "ip_model_city"), ("second", "smart_city")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.yaml").write_text(yaml.replace("smart_city", policy), encoding="utf-8")
    config = parse_config({"studies": "first,second", "studies_folder": str(tmp_path)})
    with pytest.raises(UnknownDataError, match="policy 'smart_city' is unknown"):
        load_studies(config, tmp_path, Registers())
    faults: list[UnknownDataError] = []
    assert list(load_studies(config, tmp_path, Registers(), skipped=faults.append)) == ["first"]
    assert "study second, variable 'did': policy 'smart_city' is unknown; allowed: ip_model_city" in str(faults[0])


def test_unknown_attributes_of_cities_are_refused_with_what_is_allowed(tmp_path: Path) -> None:
    yaml = """
title: {en: a, zh: 甲}
sample: {years: [2011, 2012]}
variables: {east: {source: city, region: [eastern], label: {en: a, zh: 甲}}}
analyses: {baseline: {columns: east ~ 1}}
"""
    (tmp_path / "study.yaml").write_text(yaml, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"variable 'east': region 'eastern' is unknown.*northeast"):
        load_study(tmp_path, Registers())


def test_a_column_is_known_from_the_register_or_from_the_raw_folders_own_labels(tmp_path: Path) -> None:
    yaml = """
title: {en: a, zh: 甲}
sample: {years: [2011, 2012]}
variables: {iv: {source: yearbook, column: ruggedness, label: {en: a, zh: 甲}}}
analyses: {baseline: {columns: iv ~ 1}}
"""
    (tmp_path / "study.yaml").write_text(yaml, encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"variable 'iv': column 'ruggedness' is unknown"):
        load_study(tmp_path, Registers())
    own = load_study(tmp_path, Registers(), columns=lambda _name, _study: ("ruggedness",))
    assert own.variables["iv"].column == "ruggedness"


def test_files_that_options_name_are_there_or_will_be(tmp_path: Path) -> None:
    require_files(folders(), {"mine": study(world="smart_city")})
    with pytest.raises(
        DeclarationError,
        match=r"study mine, variable 'quality', key 'sigma': there is no file results/raw/yrd_cooperation/reference/"
        r"elasticities\.csv; give a CSV with product_prefix and sigma .*Broda and Weinstein",
    ):
        require_files(folders(), {"mine": study()})
    own = folders(str(tmp_path))
    with pytest.raises(DeclarationError, match=rf"there is no file {tmp_path}/reference/elasticities\.csv"):
        require_files(own, {"mine": study()})
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "elasticities.csv").touch()
    require_files(own, {"mine": study()})


def test_every_option_that_names_a_file_is_checked_and_says_what_the_file_is() -> None:
    cleaning = {"hs_base": "2002", "hs_table": "t", "deflator": "d", "rauch": "r", "rauch_drop": "exchange"}
    options = QualityOptions(sigma="s", impute_after=2016, impute_province="p", cleaning=cleaning)
    assert set(options.files) == set(WAYS)
    assert sorted(options.files.values()) == ["d", "p", "r", "s", "t"]
    table = {"source": "quality", "cleaning": {"hs_base": "2002", "hs_table": "nowhere.csv"}, "label": TEXT}
    with pytest.raises(
        DeclarationError, match=r"key 'cleaning\.hs_table': there is no file nowhere\.csv; give the UN's"
    ):
        require_files(folders(), {"mine": study(variables={"quality": table})})


def test_qualities_that_differ_after_the_cleaning_share_it() -> None:
    quality = {"source": "quality", "label": TEXT}
    table = {"hs_base": "2002", "hs_table": "{raw}/hs.csv"}
    variables = {
        "ksw": quality,
        "by_product": {**quality, "method": "by_product"},
        "covered": {**quality, "cleaning": {"min_coverage": 0.5, "balanced": True}},
        "converted": {**quality, "cleaning": table},
        "hs4": {**quality, "level": "hs4", "place": "registered"},
    }
    found = world_cleanings(folders(), {"mine": study(world="smart_city", variables=variables)})
    names = [name for _, name in found.options]
    assert "hs6" in names
    assert len(names) == 3
    assert "hs4-place_registered" in names
    [converted] = set(names) - {"hs6", "hs4-place_registered"}
    assert found.options["smart_city", converted]["cleaning"]["hs_table"] == "results/raw/smart_city/hs.csv"
    assert sorted(found.behind.values()) == sorted(["hs6"] * 3 + [converted, "hs4-place_registered"])


def test_customs_files_are_shared_out_one_by_one_unless_they_are_small(tmp_path: Path) -> None:
    for preset, batches in (("tiny", 1), ("default", 1), ("full", 10)):
        config = parse_config({"studies": "mine", "sample": {"preset": preset}})
        raw = RawFolders(config, "results", lambda world, size=preset: sample_files(size, world))
        assert len(raw.batches("yrd_cooperation", "customs")) == batches
        assert raw.beside("yrd_cooperation", "customs", []) == []
    config = parse_config({"studies": "mine", "jobs": {"files_per_job": 4}})
    shared = RawFolders(config, "results", lambda world: sample_files("tiny", world)).batches(WORLDS[0], "customs")
    assert {name: len(files) for name, files in shared.items()} == {
        "customs_2011.csv": 4, "customs_2015.csv": 4, "customs_2019.csv": 2,
    }  # fmt: skip


def test_small_files_of_the_folder_go_with_each_job_as_they_may_explain_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "customs").mkdir()
    for name, size in (("a.csv", 2_000_000), ("b.csv", 2_000_000), ("PAIS.csv", 10)):
        (tmp_path / "customs" / name).write_bytes(b"x" * size)
    raw = folders(str(tmp_path))
    batches = raw.batches(OWN, "customs")
    assert list(batches) == ["PAIS.csv", "a.csv", "b.csv"]
    assert raw.beside(OWN, "customs", batches["a.csv"]) == [str(tmp_path / "customs" / "PAIS.csv")]
    assert raw.beside(OWN, "customs", batches["PAIS.csv"]) == []
