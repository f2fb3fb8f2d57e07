"""Customs records shared out to jobs: what one changed file redoes, and every family of options of their indicators."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

from checkouts import Checkout, copy_checkout
from citypanel.canonical import read_table
from citypanel.intake.accounting import Outputs
from citypanel.intake.customs import intake_customs
from citypanel.intake.table import marked_origin

pytestmark = pytest.mark.workflow

WORLD = "yrd_cooperation"
STUDY = "studies/options/study.yaml"
SIGMA, TABLE = "data/sigma.csv", "data/hs.csv"
IMPUTED = {"impute_after": 2018, "impute_share": "tertiary_share / 100"}
CLEANING = {"hs_base": "2007", "hs_table": TABLE, "intermediaries": "long", "regimes": "一般贸易", "min_flows": 2}
VARIABLES = {
    "ksw": {"source": "quality", "sigma": SIGMA, **IMPUTED},
    "imputed": {"source": "quality", "sigma": SIGMA, "value": "imputed", **IMPUTED},
    "covered": {"source": "quality", "sigma": SIGMA, "value": "coverage", **IMPUTED},
    "product": {"source": "quality", "sigma": "4", "scope": "product", "trim": [0.01, 0.99], "divide": False},
    "cleaned": {"source": "quality", "cleaning": CLEANING, "place": "registered"},
    "world_yearly": {"source": "sophistication", "level": "hs2", "prody": "yearly", "leave_own_out": True},
    "provinces_prody": {"source": "sophistication", "level": "hs4", "reference": "province", "leave_own_out": True},
    "city_prody": {"source": "sophistication", "level": "hs6", "reference": "city", "base_years": [2011, 2014]},
    "raw_weights": {"source": "sophistication", "level": "hs4", "weights": "raw", "place": "registered"},
    "eci": {"source": "complexity", "level": "hs2", "pci_scale": "own", "ddof": 1},
    "fitness": {"source": "complexity", "level": "hs6", "index": "fitness", "place": "registered", "threshold": 0.8},
}
QUALITIES, CLEANINGS = 3, 2  # files of quality, and cleanings behind them: ksw and product share one
OTHERS = 6  # files of sophistication and complexity


def declared() -> dict[str, object]:
    text = {"en": "T", "zh": "题"}
    return {
        "title": text,
        "world": WORLD,
        "sample": {"cities": {"cluster": "yangtze_delta_41"}, "years": [2011, 2020]},
        "variables": {name: {**variable, "label": text} for name, variable in VARIABLES.items()},
        "analyses": {"described": {"method": "describe", "family": "descriptive", "columns": " + ".join(VARIABLES)}},
        "exhibits": {
            "table1": {"kind": "descriptives", "analysis": "described", "title": text},
            "table_a1": {"kind": "attrition", "variable": "cleaned", "title": text},
        },
    }


def run(checkout: Checkout, *arguments: str, groups: int = 2) -> list[str]:
    shared = f"jobs={{files_per_job: 1, chapter_groups: {groups}}}"
    return [*arguments, "--config", "studies=options", shared]


@pytest.fixture(scope="session")
def customs(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which a study with every family of options has run, one job for each customs file."""
    checkout = copy_checkout(tmp_path_factory.mktemp("customs"))
    (checkout.root / STUDY).parent.mkdir()
    (checkout.root / STUDY).write_text(yaml.safe_dump(declared(), allow_unicode=True), encoding="utf-8")
    (checkout.root / "data").mkdir()
    (checkout.root / SIGMA).write_text("product_prefix,sigma\n0,4\n1,3\n2,5\n3,4\n4,4\n5,4\n6,3\n7,4\n8,6\n9,4\n")
    (checkout.root / TABLE).touch()
    made = checkout.snakemake(*run(checkout, f"results/canonical/{WORLD}/exports.parquet"))
    assert made.returncode == 0, made.stdout + made.stderr
    (checkout.root / TABLE).write_text(conversion(checkout), encoding="utf-8")
    made = checkout.snakemake(*run(checkout, "options"))
    assert made.returncode == 0, made.stdout + made.stderr
    return checkout


def conversion(checkout: Checkout) -> str:
    """Return a table that keeps every code of the sample, and splits the most frequent one."""
    exports = read_table(
        checkout.root / f"results/canonical/{WORLD}/exports.parquet", "exports", ["hs8", "hs_revision"]
    )
    codes = sorted(set(exports["hs8"].str[:6]))
    frequent = exports["hs8"].str[:6].mode()[0]
    pairs = [(code, code) for code in codes] + [(frequent, next(code for code in codes if code != frequent))]
    steps = [f"{after},{before},x,{step}" for step in ("2012 to 2007", "2017 to 2012") for after, before in pairs]
    return "\n".join(["code.after,code.before,Relationship,adjustment", *steps, ""])


@contextmanager
def appended(checkout: Checkout, file: str) -> Iterator[None]:
    """Repeat the last row of a customs file with another value, and put the file back as it was."""
    path = checkout.root / f"results/raw/{WORLD}/customs/{file}"
    before, times = path.read_bytes(), path.stat()
    cells = before.rstrip(b"\r\n").rsplit(b"\n", 1)[1].split(b",")
    path.write_bytes(before.rstrip(b"\r\n") + b"\r\n" + b",".join([*cells[:3], b"12345", *cells[4:]]) + b"\r\n")
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def hashes(checkout: Checkout, *folders: str) -> dict[str, str]:
    return {
        path.relative_to(checkout.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted((checkout.root / "results" / folder).rglob("*"))
        if path.is_file()
    }


def test_one_changed_file_is_read_alone_and_only_what_needs_all_follows(customs: Checkout) -> None:
    assert customs.jobs(*run(customs, "options")) == {}
    with appended(customs, "customs_2013.csv"):
        jobs = customs.jobs(*run(customs, "options"))
    jobs.pop("options", None)
    assert jobs == {
        "read_customs": 1, "join_customs": 1, "clean_records": 2 * CLEANINGS, "build_quality": QUALITIES,
        "build_export_indicator": OTHERS, "build_panel": 1, "estimate": 1, "render_table": 2,
    }  # fmt: skip


def test_files_read_by_jobs_give_the_bytes_of_files_read_at_once(customs: Checkout, tmp_path: Path) -> None:
    root = customs.root / f"results/raw/{WORLD}"
    whole = replace(Outputs.beside(tmp_path / "exports.parquet"), completeness=tmp_path / "completeness.parquet")
    intake_customs(sorted((root / "customs").glob("*")), whole, root=root, origin=marked_origin(root))
    results = customs.root / "results"
    made = {"table": results / f"canonical/{WORLD}/exports.parquet"}
    made |= {
        kind: results / f"intake/{WORLD}/exports/{kind}.parquet"
        for kind in ("rejects", "attrition", "files", "completeness")
    }
    for kind, path in made.items():
        assert path.read_bytes() == getattr(whole, kind).read_bytes(), kind


def test_the_number_of_jobs_changes_no_byte(customs: Checkout) -> None:
    before = hashes(customs, "indicators", "beside", "options/tables")
    assert before
    assert customs.jobs(*run(customs, "options", groups=1)).get("clean_records") == CLEANINGS
    done = customs.snakemake(*run(customs, "options", groups=1))
    assert done.returncode == 0, done.stdout + done.stderr
    assert hashes(customs, "indicators", "beside", "options/tables") == before
    done = customs.snakemake(*run(customs, "options"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_edited_table_of_elasticities_reruns_what_reads_it(customs: Checkout) -> None:
    with customs.edited(SIGMA, "8,6", "8,7"):
        jobs = customs.jobs(*run(customs, "options"))
    assert jobs["build_quality"] == 1
    assert not set(jobs) & {"read_customs", "join_customs", "clean_records", "build_export_indicator"}
    with customs.edited(TABLE, ",x,2012", ",y,2012"):
        jobs = customs.jobs(*run(customs, "options"))
    assert (jobs["clean_records"], jobs["build_quality"]) == (2, 1)


def test_a_file_that_is_not_there_stops_the_run_before_any_job(customs: Checkout) -> None:
    with customs.edited(STUDY, TABLE, "data/nowhere.csv"):
        done = customs.snakemake(*run(customs, "--dry-run", "options"))
    assert done.returncode == 2
    expected = "study options, variable 'cleaned', key 'cleaning.hs_table': there is no file data/nowhere.csv; give the"
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_every_family_of_options_gives_values_of_the_panel(customs: Checkout) -> None:
    panel = pd.read_parquet(customs.root / "results/options/panel.parquet")
    for name in VARIABLES:
        assert panel[name].notna().mean() > 0.5, name
    for name in ("ksw", "product", "cleaned"):
        assert panel[name].dropna().between(0, 1).all()
    assert panel.groupby("year")["imputed"].max().to_dict() == {year: float(year > 2018) for year in range(2011, 2021)}
    assert panel["covered"].dropna().between(0, 1).all()
    assert (
        panel[["world_yearly", "provinces_prody", "city_prody", "raw_weights"]].corr().abs().lt(1 - 1e-9).sum().sum()
        == 12
    )


def test_means_of_firms_and_provinces_stand_beside_those_of_cities(customs: Checkout) -> None:
    [folder] = (customs.root / f"results/beside/{WORLD}/quality").glob("ksw-sigma*-impute*")
    provinces, firms, sigma = (pd.read_parquet(folder / f"{name}.parquet") for name in ("provinces", "firms", "sigma"))
    assert (provinces["adcode"] % 10_000 == 0).all()
    assert provinces["quality"].dropna().between(0, 1).all()
    assert firms["quality"].between(0, 1).all()
    assert not firms.duplicated(["firm", "year"]).any()
    assert set(sigma["sigma"]) <= {3.0, 4.0, 5.0, 6.0}


@pytest.mark.parametrize(
    ("language", "off", "several"), [("en", "not applied", "several codes"), ("zh", "未启用", "多个编码")]
)
def test_the_account_of_the_cleaning_is_printed(customs: Checkout, language: str, off: str, several: str) -> None:
    table = pd.read_csv(customs.root / f"results/options/tables/table_a1_{language}.csv", dtype=str)
    steps = table[table["statistic"] == "attrition"]
    assert steps["row"].nunique() == 23
    dropped = pd.to_numeric(steps[steps["column"] == "rows_dropped"]["value"]).fillna(0).sum()
    left = pd.to_numeric(steps[steps["column"] == "rows"]["value"])
    files = pd.read_parquet(customs.root / f"results/intake/{WORLD}/exports/files.parquet")
    assert dropped + left.iloc[-1] == files["rows_read"].sum() - files["rows_merged"].sum()
    assert (steps["printed"] == off).any()
    # A count of kept rows is part of a label, which the flat file of numbers has no line for.
    page = (customs.root / f"results/options/tables/table_a1_{language}.html").read_text(encoding="utf-8")
    assert several in page
