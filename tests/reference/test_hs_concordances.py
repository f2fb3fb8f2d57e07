"""The UN's conversion tables as users have them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from citypanel.errors import InputError
from citypanel.indicators.hs import REVISIONS, Concordance

Shared = Callable[..., Path]


@pytest.fixture(scope="module")
def table(shared: Shared) -> Path:
    return shared("real", "concordances", "HS_consolidated_comtrade_concordances.csv")


def test_known_renumberings_are_found(table: Path) -> None:
    to_2002 = Concordance(table, "2002").targets("2007")
    # Colour television sets: 8528.12 until 2006, 8528.72 from 2007 on; mobile telephones 8525.20 to 8517.12.
    assert to_2002["852872"].code == "852812"
    assert to_2002["851712"].code == "852520"
    assert to_2002["010110"].code == "010110"


@pytest.mark.parametrize("base", ["1996", "2002", "2007", "2012"])
def test_almost_every_code_of_the_transaction_years_has_a_target(table: Path, base: str) -> None:
    concordance = Concordance(table, base)
    for revision in ("1996", "2002", "2007", "2012"):
        codes, targets = concordance.known(revision), concordance.targets(revision)
        assert len(codes) > 5000
        assert len(targets) / len(codes) > 0.99
        assert {target.code for target in targets.values()} <= concordance.known(base)
        unique = sum(not target.several for target in targets.values()) / len(targets)
        assert unique == 1.0 if revision == base else 0.7 < unique < 1.0


def test_the_table_of_2007_is_refused_for_codes_of_2012(table: Path) -> None:
    concordance = Concordance(table, "2002")
    concordance.require_revision(2012, "2012", concordance.known("2012"))
    only_new = concordance.known("2012") - concordance.known("2007")
    with pytest.raises(InputError, match="exports of 2010: 100% of the codes are not in HS2007"):
        concordance.require_revision(2010, "2007", only_new)
    assert set(REVISIONS) >= {"1992", "2022"}
