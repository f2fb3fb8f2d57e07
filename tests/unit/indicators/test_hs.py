"""Conversion between HS revisions on a table small enough to follow by hand."""

from pathlib import Path

import pytest

from citypanel.errors import InputError
from citypanel.indicators.hs import Concordance, Target

ROWS = """code.after,code.before,Relationship,adjustment
10110,10110,1:1,2007 to 2002
852872,852812,1:1,2007 to 2002
850440,850440,1:n,2007 to 2002
850440,850431,1:n,2007 to 2002
10110,10110,1:1,2012 to 2007
852872,852872,1:1,2012 to 2007
850441,850440,n:1,2012 to 2007
850442,850440,n:1,2012 to 2007
1,1,1:1,1976 to 1962
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "hs.csv"
    path.write_text(ROWS)
    return path


def test_codes_go_back_step_by_step_with_their_leading_zeros(table: Path) -> None:
    targets = Concordance(table, "2002").targets("2012")
    assert targets["010110"] == Target("010110", several=False)
    assert targets["852872"] == Target("852812", several=False)
    # 850441 -> 850440 -> 850431 or 850440: neither kept its number from 2012, so the lowest is taken.
    assert targets["850441"] == Target("850431", several=True)


def test_codes_go_forward_too_and_the_one_that_kept_its_number_is_preferred(table: Path) -> None:
    targets = Concordance(table, "2012").targets("2002")
    assert targets["852812"] == Target("852872", several=False)
    assert targets["850431"] == Target("850441", several=True)
    assert Concordance(table, "2007").targets("2002")["850440"] == Target("850440", several=False)
    assert Concordance(table, "2002").targets("2007")["850440"] == Target("850440", several=True)


def test_a_base_maps_onto_itself(table: Path) -> None:
    own = Concordance(table, "2007").targets("2007")
    assert own["850440"] == Target("850440", several=False)
    assert all(code == target.code for code, target in own.items())


def test_codes_of_another_revision_are_refused_with_the_year(table: Path) -> None:
    concordance = Concordance(table, "2002")
    concordance.require_revision(2012, "2012", ["010110", "850441", "850442"])
    message = "exports of 2012: 67% of the codes are not in HS2012, but 100% are in HS2002; correct hs_revision"
    with pytest.raises(InputError, match=message):
        concordance.require_revision(2012, "2012", ["010110", "850431", "852812"])
    # Codes that no revision knows are counted by the cleaning, not refused.
    concordance.require_revision(2012, "2012", ["111111", "222222"])


@pytest.mark.parametrize(
    ("base", "revision", "message"),
    [
        ("1996", "2002", "no row has adjustment '2002 to 1996'; found: 2007 to 2002, 2012 to 2007"),
        ("2022", "2022", "no row of column 'adjustment' is about HS2022"),
    ],
)
def test_steps_that_the_table_lacks_are_named(table: Path, base: str, revision: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Concordance(table, base).targets(revision)


def test_a_table_that_is_absent_or_another_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hs_table .*none.csv does not exist; give the UN's consolidated"):
        Concordance(tmp_path / "none.csv", "2002")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="column 'code.after' is missing; found: a, b"):
        Concordance(tmp_path / "other.csv", "2002")
