"""What all simulated worlds share: names known beforehand, one seed one folder, registers that know every name."""

import csv
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from citypanel.errors import InputError
from citypanel.sample import STUDIES, own_columns, sample_files, write_sample
from citypanel.sample.collaborative_gap_files import MADE
from citypanel.sample.layouts import LAYOUTS
from citypanel.sample.policies import HEADER
from citypanel.sample.prefectures import prefectures
from citypanel.sample.shipments import SPECIAL
from citypanel.sample.smart_city_yearbook import INDICATORS, VARIABLES
from citypanel.sample.tables import rows_of

NEW = tuple(study for study in STUDIES if study != "yrd_cooperation")
Reader = Callable[[str], list[dict[str, str]]]


@pytest.fixture(scope="module")
def register(project: Path) -> Reader:
    def read(name: str) -> list[dict[str, str]]:
        with (project / "registers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("study", NEW)
def test_a_world_has_the_files_named_beforehand_and_the_same_bytes_under_another_hash_seed(
    study: str, tmp_path: Path
) -> None:
    write_sample(tmp_path / "once", "tiny", 5, study=study)
    code = (
        "import sys; from pathlib import Path; from citypanel.sample import write_sample; "
        "write_sample(Path(sys.argv[1]), 'tiny', 5, study=sys.argv[2])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "TZ": "Asia/Shanghai"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again"), study], env=environment, check=True)
    once = _digests(tmp_path / "once")
    assert sorted(once) == sorted(sample_files("tiny", study))
    assert _digests(tmp_path / "again") == once
    text = (tmp_path / "once" / "SIMULATED.txt").read_text(encoding="utf-8")
    assert study in text
    assert "no evidence for or against the study's paper" in text
    assert "模拟数据" in text


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("preset", ["tiny", "default", "full"])
def test_file_names_of_every_study_are_known_without_numpy(study: str, preset: str) -> None:
    files = sample_files(preset, study)
    assert files[:2] == ("SIMULATED.txt", "truth.json")
    assert len(files) == len(set(files))


def test_the_study_is_yrd_cooperation_unless_said_otherwise() -> None:
    assert sample_files("tiny") == sample_files("tiny", "yrd_cooperation")


def test_an_unknown_study_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'smart' has no simulated world; there are yrd_cooperation, smart_city"):
        sample_files("tiny", "smart")
    with pytest.raises(InputError, match="no simulated world"):
        write_sample(tmp_path / "raw", "tiny", 1, study="")
    assert not any(tmp_path.iterdir())


def test_a_kind_that_the_world_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'customs' is no kind of raw file of collaborative_gap; choose from patents"):
        write_sample(tmp_path / "raw", "tiny", 1, kinds=("customs",), study="collaborative_gap")
    assert not any(tmp_path.iterdir())


def test_one_world_does_not_overwrite_another(tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", "tiny", 1, kinds=("yearbook",), study="smart_city")
    with pytest.raises(InputError, match="holds files that are not the sample's"):
        write_sample(tmp_path / "raw", "tiny", 1, kinds=("yearbook",), study="collaborative_gap")


@pytest.mark.parametrize(("study", "cities"), [("smart_city", 220), ("ip_model_city", 271), ("collaborative_gap", 280)])
def test_prefectures_and_their_customs_areas_are_the_registers(study: str, cities: int, register: Reader) -> None:
    known = {row["adcode"]: row for row in register("cities") if not row["valid_to"]}
    areas = {row["area"]: row["adcode"] for row in register("customs_areas") if not row["valid_to"]}
    where = prefectures(study)
    assert len(where) == cities
    assert (np.diff(where.adcode) > 0).all()
    for i, code in enumerate(where.adcode.tolist()):
        row = known[str(code)]
        assert (where.name[i], where.province[i], where.region[i]) == (row["name_zh"], row["province"], row["region"])
        area = str(where.area[i])
        assert areas.get(area, areas.get(area[:2])) == str(code), where.name[i]


def test_real_model_cities_are_the_registers(register: Reader) -> None:
    where = prefectures("ip_model_city")
    mine = {str(c): str(y) for c, y in zip(where.adcode, where.ip_first_year, strict=True) if y}
    listed = {
        row["adcode"]: row["year"]
        for row in register("policies")
        if row["policy"] == "ip_model_city" and row["counts_as_prefecture_treatment"] == "1"
    }
    assert mine == listed


def test_units_of_the_model_city_list_are_the_registers(register: Reader) -> None:
    rows = rows_of("ip_model_units.csv")
    listed = [row for row in register("policies") if row["policy"] == "ip_model_city"]
    assert [{column: row[column] for column in rows[0]} for row in listed] == rows


def test_policy_files_have_the_registers_columns(register: Reader) -> None:
    assert tuple(register("policies")[0]) == HEADER


def test_destination_numbers_are_the_registers(register: Reader) -> None:
    countries = register("countries")
    numbers = {row["customs"]: row for row in countries if row["customs"]}
    for row in rows_of("destination_codes.csv"):
        known = numbers[row["customs"]]
        assert row["name"] in {known["name_zh"], *known["aliases"].split("|")}
        assert row["alpha3"] == known["alpha3"]
        assert known["kind"] == "country"
    for name, number in SPECIAL.items():
        assert numbers[str(number)]["kind"] == {142: "china", 701: "unknown"}.get(number, "continent"), name


def test_every_header_stands_in_its_layout(register: Reader) -> None:
    headers: dict[str, dict[str, str]] = {}
    for row in register("layouts"):
        for alias in row["headers"].split("|"):
            headers.setdefault(row["layout"], {})[alias] = row["role"]
    for layout in LAYOUTS.values():
        assert {header: headers[layout.name][header] for _, header in layout.headers} == {
            header: role for role, header in layout.headers
        }


def test_own_columns_are_those_of_the_written_tables_of_labels() -> None:
    assert own_columns("smart_city") == tuple(variable for _, variable, _, _ in VARIABLES)
    assert own_columns("ip_model_city") == ()
    assert own_columns("collaborative_gap") == tuple(variable for _, variable in MADE.values())
    assert own_columns("yrd_cooperation") == ()


def test_labels_are_the_registers_or_the_samples_own(register: Reader) -> None:
    known = {(row["label"], row["unit"]) for row in register("yearbook_variables")}
    own = {(label, unit) for label, _, unit, _ in VARIABLES}
    assert {(each.label, each.unit) for each in INDICATORS} <= known | own
    assert not {label for label, _ in MADE.values()} & {label for label, _ in known}
