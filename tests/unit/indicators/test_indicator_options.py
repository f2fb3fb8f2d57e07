"""Options of indicators and the variant that stands in a file's path."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citypanel.declare.indicators import (
    INDICATORS,
    CooperationOptions,
    QualityOptions,
    SophisticationOptions,
    column,
    parse_indicator,
    variant,
)
from citypanel.errors import DeclarationError


def test_the_variant_names_the_main_choice_and_what_is_not_default() -> None:
    assert variant(SophisticationOptions(level="hs2")) == "hs2"
    assert variant(SophisticationOptions(leave_own_out=True)) == "hs6-leave_own_out"
    assert variant(QualityOptions(divide=False, trim=(0.01, 0.99))) == "ksw-no_divide-trim_0.01_0.99"
    assert variant(QualityOptions(sigma="registers/elasticities.csv")).startswith("ksw-sigma_elasticities_csv_")


def test_the_column_that_is_picked_is_not_part_of_the_variant() -> None:
    options = parse_indicator("cooperation", {"count": "joint_inventions"}, "study x, variable inno")
    assert variant(options) == variant(CooperationOptions(count="intra")) == "invention"
    assert column(options) == "joint"
    assert column(SophisticationOptions()) == ""


@pytest.mark.parametrize(
    ("name", "given_options", "message"),
    [
        ("sophistication", {"level": "hs3"}, "key 'level' is 'hs3'; allowed: 'hs2', 'hs4' or 'hs6'"),
        ("sophistication", {"levels": "hs2"}, "key 'levels' is unknown; did you mean 'level'"),
        ("sophistcation", {}, "indicator 'sophistcation' is unknown; did you mean 'sophistication'"),
        ("sophistication", {"base_years": [2002, 2000]}, "base_years runs from the first to the last year"),
        ("cooperation", {"count": "joint_inventions", "kind": "utility"}, "goes with kind: invention"),
        ("sophistication", {"reference": "province", "income": "wage"}, "is a ratio of totals"),
        ("sophistication", {"income": "gdp /"}, "formula 'gdp /': a column, a number"),
        ("quality", {"trim": "0.9,0.1"}, "trim is two shares in order"),
    ],
)
def test_a_wrong_option_is_one_line_that_says_what_is_allowed(
    name: str, given_options: dict[str, object], message: str
) -> None:
    with pytest.raises(DeclarationError, match=re.escape(message)) as caught:
        parse_indicator(name, given_options, "study x, variable y")
    assert str(caught.value).startswith("study x, variable y")


@given(
    st.lists(
        st.builds(
            SophisticationOptions,
            level=st.sampled_from(["hs2", "hs4", "hs6"]),
            reference=st.sampled_from(["world", "city"]),
            weights=st.sampled_from(["normalised", "raw"]),
            leave_own_out=st.booleans(),
            income=st.sampled_from(["gdp_wan / population_wan", "gdp_real / population_wan", "gdp_per_head_yuan"]),
            home=st.text(max_size=8),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_two_sets_of_options_share_a_variant_only_if_they_are_equal(
    pair: list[SophisticationOptions],
) -> None:
    slugs = [variant(options) for options in pair]
    assert (slugs[0] == slugs[1]) == (pair[0] == pair[1])
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", slug) for slug in slugs)


def test_every_indicator_has_defaults_that_validate() -> None:
    for name, model in INDICATORS.items():
        assert parse_indicator(name, {}, "here") == model()


def test_imputation_reads_the_yearbook_and_the_users_files_are_known() -> None:
    from citypanel.declare.slices import indicator_files, indicator_tables

    given = {"sigma": "sigma.csv", "impute_after": 2016, "impute_province": "p.csv", "cleaning": {"deflator": "d.csv"}}
    assert indicator_tables("quality", given) == ("exports", "city_year")
    assert indicator_files("quality", given) == ("sigma.csv", "p.csv", "d.csv")
    assert indicator_tables("quality", {}) == ("exports",)
    assert indicator_files("quality", {"sigma": "4"}) == indicator_files("sophistication", {}) == ()
    # The flag is a column of the same file.
    measured, flag = (QualityOptions(impute_after=2016, value=value) for value in ("quality", "imputed"))
    assert variant(measured) == variant(flag) == "ksw-impute_after_2016"
    assert (column(measured), column(flag)) == ("quality", "imputed")
