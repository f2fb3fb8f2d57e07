"""The finite set of conventions that the search tries."""

from typing import Any

import pytest

from citypanel.declare.slices import specifications
from citypanel.declare.study import Study
from citypanel.declare.variants import (
    all_weights,
    is_search,
    job_slice,
    job_weights,
    parse_variant_label,
    searched,
    variant_label,
    with_effects,
)

TEXT = {"en": "a", "zh": "甲"}


def study(analyses: dict[str, Any], **more: Any) -> Study:
    variables = {name: {"source": "yearbook", "column": "gdp_wan", "label": TEXT} for name in ("y", "x", "z", "w")}
    return Study.model_validate(
        {
            "title": TEXT,
            "sample": {"years": [2011, 2020]},
            "variables": variables,
            "analyses": analyses,
            "weights": {"distance": {"kind": "inverse_distance"}, "economic": {"kind": "economic", "by": "x"}},
            **more,
        }
    )


def labels(analysis: dict[str, Any]) -> list[str]:
    made = study({"a": analysis})
    return [column["label"] for column in job_slice(made, "s", "a~conventions")["columns"]]


def test_a_declared_analysis_is_its_own_slice_and_its_variants_are_one_more_job() -> None:
    made = study(
        {
            "a": {"columns": ["y ~ x | city", "y ~ x"], "vcov": "hetero"},
            "d": {"method": "placebo", "columns": "y ~ x", "options": {"treatment": "x"}},
        }
    )
    assert searched(made, ["a", "d"]) == ("a~conventions",)
    assert not is_search("a")
    assert "tolerant" not in job_slice(made, "s", "a")
    job = job_slice(made, "s", "a~conventions")
    assert job["tolerant"] is True
    assert {column["label"].partition(";")[0] for column in job["columns"]} == {"1", "2"}


def test_variants_of_least_squares_cross_variances_with_small_sample_factors_and_both_conventions_of_dummies() -> None:
    found = labels(
        {"columns": "y ~ x | city + year", "vcov": "hetero", "options": {"constant": "base", "f_terms": "all"}}
    )
    assert "1; vcov=iid" in found
    assert "1; vcov=cluster:city; ssc=none" in found
    assert "1; constant=mean; f_terms=slopes" in found
    assert "1; vcov=HC3; constant=mean" in found  # the base category's constant does not take HC3
    assert not [label for label in found if "HC" in label and "ssc=none" in label]  # they have no factor
    assert {"1; effects=none", "1; effects=city", "1; effects=year"} <= set(found)
    assert "1; effects=dummies; vcov=cluster:city" in found
    assert {"1; winsorise=0.01,0.99", "1; sample=first year left out", "1; singletons=keep"} <= set(found)
    assert "1" not in found, "the declared column is none of its variants"
    assert len(found) == len(set(found)) == 36


def test_without_effects_there_is_no_choice_of_constant() -> None:
    assert not [
        label
        for label in labels({"columns": "y ~ x"})
        if "constant" in label or "f_terms" in label or "dummies" in label
    ]


def test_what_is_declared_is_no_variant() -> None:
    robust = labels({"columns": "y ~ x", "vcov": "HC1", "winsorise": [0.01, 0.99], "options": {"ssc": "none"}})
    assert "1; vcov=iid" in robust
    assert not [
        label for label in robust if "vcov=hetero" in label or "winsorise=0.01,0.99" in label or "ssc=none" in label
    ]
    assert "1; winsorise=none" in robust


@pytest.mark.parametrize(
    ("analysis", "expected"),
    [
        ({"columns": "y ~ x | city | z ~ w"}, "1; estimator=liml"),
        ({"method": "moran", "columns": "y", "options": {"w": "distance"}}, "1; side=two; assumption=normal"),
        ({"method": "moran", "columns": "y", "options": {"w": "distance"}}, "1; w=distance~inverse_distance_2"),
        ({"method": "spatial", "columns": "y ~ x", "options": {"w": "economic"}}, "1; leeyu=true"),
        (
            {"method": "spatial", "columns": "y ~ x", "options": {"w": "economic", "effects_fe": "unit"}},
            "1; effects_fe=both",
        ),
        ({"method": "spatial_lm", "columns": "y ~ x", "options": {"w": "distance"}}, "1; effects_fe=both"),
        ({"method": "gmm", "columns": "y ~ L1.y + x", "options": {"system": True}}, "1; system=false"),
        ({"method": "psm_did", "columns": "y ~ x", "options": {"treated": "x"}}, "1; match=nearest"),
        ({"method": "describe", "columns": "y + x"}, "1; winsorise=0.05,0.95"),
        ({"method": "correlate", "columns": "y + x"}, "1; sample=last year left out"),
    ],
)
def test_each_method_has_its_variants_and_each_is_a_specification(analysis, expected) -> None:
    made = study({"a": analysis})
    job = job_slice(made, "s", "a~conventions")
    assert expected in [column["label"] for column in job["columns"]]
    files = {name: f"{name}.csv" for name in job_weights(made, "a~conventions")}
    given = specifications(job, files)
    assert [item.label for item in given] == [column["label"] for column in job["columns"]]


def test_changes_reach_the_column() -> None:
    made = study(
        {
            "a": {
                "columns": {"formula": "y ~ x | city + year", "where": "x > 0"},
                "vcov": "hetero",
                "options": {"constant": "base"},
            }
        }
    )
    columns = {column["label"]: column for column in job_slice(made, "s", "a~conventions")["columns"]}
    assert columns["1; vcov=iid; f_terms=all"]["vcov"] == "iid"
    assert columns["1; effects=dummies; vcov=cluster:year"]["formula"] == "y ~ x + i(city) + i(year)"
    assert columns["1; effects=none"]["formula"] == "y ~ x"
    assert columns["1; sample=first year left out"]["where"] == "x > 0 and year > 2011"
    assert columns["1; winsorise=0.025,0.975"]["winsorise"] == [0.025, 0.975]
    assert "province != 310000" in columns["1; sample=municipalities left out"]["where"]


def test_a_split_is_varied_group_by_group_without_its_test() -> None:
    groups = {"1": TEXT, "0": TEXT}
    made = study({"a": {"columns": "y ~ x | city", "split": {"by": "z", "groups": groups}}})
    columns = job_slice(made, "s", "a~conventions")["columns"]
    assert {column["label"].partition(";")[0] for column in columns} == {"1", "2"}
    assert all("group" not in column and "z ==" in column["where"] for column in columns)


def test_other_matrices_are_named_after_the_declared_one() -> None:
    made = study({"a": {"method": "moran", "columns": "y", "options": {"w": "distance"}}})
    assert {name: weights.kind for name, weights in all_weights(made).items()} == {
        "distance": "inverse_distance",
        "economic": "economic",
        "distance~inverse_distance_0.5": "inverse_distance:0.5",
        "distance~inverse_distance_2": "inverse_distance:2",
        "economic~economic_by_inverse_distance": "economic*inverse_distance",
    }
    assert all_weights(made)["economic~economic_by_inverse_distance"].by == "x"
    assert job_weights(made, "a") == ("distance",)


def test_labels_are_read_back() -> None:
    factors = {"vcov": "cluster:city+year", "ssc": "none"}
    assert parse_variant_label(variant_label(3, factors)) == ("3", factors)


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        ("none", "y ~ x | z ~ w"),
        ("city", "y ~ x | city | z ~ w"),
        ("dummies", "y ~ x + i(city) + i(year) | z ~ w"),
    ],
)
def test_effects_are_replaced_and_instruments_stay(effects, expected) -> None:
    assert with_effects("y ~ x | city + year | z ~ w", effects) == expected
