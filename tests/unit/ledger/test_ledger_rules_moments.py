"""Section D on made-up tables: right, wrong by one unit in the last digit beyond rounding, and undecidable."""

import numpy as np
import pytest

from citypanel.ledger.interval import Interval
from citypanel.ledger.moments import Box, largest_smallest_eigenvalue, least_squares, propagate

OK, BAD, IF, WARN, OPEN = "consistent", "inconsistent", "only if", "warning", "not checkable"


def described(name="x", **moments) -> str:
    return "".join(f"1|{label}|{name}|value|{value}\n" for label, value in moments.items())


@pytest.mark.parametrize(("sd", "verdict"), [("0.50", OK), ("0.51", OK), ("0.52", BAD), ("-0.10", BAD)])
def test_a_standard_deviation_fits_its_range(verdicts, sd, verdict) -> None:
    # on [0, 1] with mean .5 and N = 100: sd^2 <= .25 100/99; with rounding at most .5126
    assert verdicts("moments", described(Obs=100, Mean="0.50", SD=sd, Min="0.00", Max="1.00")) == [verdict]


def test_moments_are_in_order(verdicts) -> None:
    fine = {"Obs": 9, "Mean": "2.00", "SD": "1.00", "Min": "1.00", "Median": "2.00", "Max": "4.00"}
    assert verdicts("moments", described(**fine)) == [OK]
    assert verdicts("moments", described(**fine | {"Median": "3.02"})) == [BAD]
    assert verdicts("moments", described(**fine | {"Median": "3.01"})) == [OK]
    assert BAD in verdicts("moments", described(**fine | {"Min": "2.02"}))
    assert BAD in verdicts("moments", described(**fine | {"Median": "4.02"}))
    assert verdicts("moments", described(Obs=9, Mean="2.00")) == [OPEN]


def test_a_table_of_moments_may_lie_on_its_side(verdicts) -> None:
    lying = "1|x|Mean|value|2.00\n1|x|SD|value|1.00\n1|x|Min|value|3.00\n1|x|Max|value|4.00\n"
    assert BAD in verdicts("moments", lying)


def test_logs_and_shares_have_possible_ranges(judged) -> None:
    log = described("gdp", Mean="17.102", SD="0.956", Min="15.131", Max="19.774")
    (found,) = judged("units", log, "form|log|||gdp")
    assert found.verdict == OK
    assert found.computed is not None
    assert found.computed.lo < 26_749_000 < found.computed.hi  # exp(17.102)
    share = described("open", Mean="0.9", SD="0.5", Min="0.1", Max="{}")
    assert [f.verdict for f in judged("units", share.format("1.0"), "form|share|||open")] == [OK]
    assert [f.verdict for f in judged("units", share.format("1.2"), "form|share|||open")] == [WARN]
    assert [f.verdict for f in judged("units", share, "form|share|||other")] == [OPEN]


@pytest.mark.parametrize(
    ("r", "stars", "verdict"),
    [
        ("0.1948", "*", OK),
        ("0.1944", "*", BAD),
        ("0.1946", "*", OK),
        ("0.1946", "", OK),
        ("0.1948", "", BAD),
        ("-0.1948", "*", OK),
    ],
)
def test_stars_of_a_correlation_by_the_table_of_critical_values(verdicts, r, stars, verdict) -> None:
    # N = 102: the 5% critical value of r with 100 degrees of freedom is .19460
    moments = described("x", Obs=102, Mean="1.0", SD="1.0") + described("y", Obs=102, Mean="1.0", SD="1.0")
    matrix = moments + f"2|x|y|pearson_r|{r}|{stars}\n2|x|z|pearson_r|0.9|*\n"
    assert verdicts("r_stars", matrix, "note|* p<0.05|2", row="y") == [verdict]
    assert verdicts("r_stars", f"2|x|y|pearson_r|{r}|{stars}\n") == [OPEN]


def matrix(*lower: str) -> str:
    pairs = [(i, j) for i in range(1, 9) for j in range(i)][: len(lower)]
    size = 1 + max(i for i, _ in pairs)
    lines = [f"2|v{j}|v{i}|pearson_r|{r}" for (i, j), r in zip(pairs, lower, strict=True)]
    return "\n".join(lines + [f"2|v{i}|v{i}|pearson_r|1" for i in range(size)]) + "\n"


@pytest.mark.parametrize(("last", "verdict"), [("0.62", OK), ("0.60", OK), ("0.59", BAD), ("-0.90", BAD)])
def test_a_correlation_matrix_is_positive_semidefinite_within_rounding(verdicts, last, verdict) -> None:
    # r13 = r12 = .9 asks for r23 >= 2(.81) - 1 = .62; with both at .895 for .602, so .60 = [.595, .605] is possible
    assert verdicts("psd", matrix("0.90", "0.90", last)) == [verdict]
    assert verdicts("psd", matrix("0.90")) == [OPEN]


def test_a_matrix_is_symmetric_with_a_unit_diagonal(verdicts) -> None:
    assert BAD in verdicts("psd", matrix("0.1", "0.2", "0.3") + "2|v1|v0|pearson_r|0.3\n")
    assert BAD not in verdicts("psd", matrix("0.10", "0.2", "0.3") + "2|v1|v0|pearson_r|0.1\n")
    assert BAD in verdicts("psd", matrix("0.1", "0.2", "0.3").replace("v2|v2|pearson_r|1", "v2|v2|pearson_r|0.98"))
    assert BAD in verdicts("psd", matrix("1.2", "0.2", "0.3"))


def test_bounds_of_the_smallest_eigenvalue_enclose_attained_ones() -> None:
    middle = np.array([[1, 0.9, 0.9], [0.9, 1, 0.6], [0.9, 0.6, 1]])
    half = 0.005 * (1 - np.eye(3))
    bound = largest_smallest_eigenvalue(middle, half)
    generator = np.random.default_rng(0)
    for _ in range(500):
        noise = np.triu(generator.uniform(-1, 1, (3, 3)), 1)
        assert np.linalg.eigvalsh(middle + half * (noise + noise.T))[0] <= bound.hi
    assert bound.lo >= 0


@pytest.mark.parametrize(("bound", "verdict"), [("1.35", OK), ("1.33", OK), ("1.32", BAD)])
def test_two_regressors_have_the_same_vif(verdicts, bound, verdict) -> None:
    # 1/(1 - .25) = 1.333, [1.3244, 1.3423] within rounding of r
    assert verdicts("vif", matrix("0.1", "0.1", "0.50"), f"vif_below|{bound}|2") == [verdict, verdict]
    assert verdicts("vif", matrix("0.1", "0.1", "0.50")) == [OK, OK]


def test_a_bound_may_be_meant_for_the_mean_vif(verdicts) -> None:
    # v1 and v2 correlate at .9 (5.26), v3 with neither (1.00): mean 3.84
    assert verdicts("vif", matrix("0.1", "0.1", "0.90", "0.1", "0.00", "0.00"), "vif_below|4|2") == [IF, IF, OK]
    assert verdicts("vif", "2|a|b|pearson_r|0.5\n2|a|c|pearson_r|0.5\n") == [OPEN]


@pytest.mark.parametrize(("b", "verdict"), [("1.00", OK), ("1.08", OK), ("1.11", BAD), ("-1.00", BAD)])
def test_pooled_least_squares_from_moments(verdicts, b, verdict) -> None:
    # b = .50 x 2.0/1.0; [.495 x 1.95/1.05, .505 x 2.05/.95] = [.919, 1.090]
    moments = described("v0", Obs=99, Mean="0.0", SD="2.0") + described("v1", Obs=99, Mean="0.0", SD="1.0")
    column = f"3|(1)|dep_var|info|v0\n3|(1)|v1|coef|{b}\n3|(1)|N|stat|99\n3|(1)|City FE|info|{{}}\n"
    assert verdicts("ols_from_moments", moments + matrix("0.50") + column.format("No"), row="v1") == [verdict]
    assert verdicts("ols_from_moments", moments + matrix("0.50") + column.format("Yes")) == [OPEN]
    silent = moments + matrix("0.50") + column.split("3|(1)|City", maxsplit=1)[0]
    assert verdicts("ols_from_moments", silent, row="v1") == [IF if verdict == BAD else OK]


def test_a_column_silent_on_its_outcome_is_known_by_its_other_numbers(verdicts) -> None:
    moments = "".join(described(f"v{i}", Obs=99, Mean="0.0", SD="1.000") for i in range(4))
    # uncorrelated regressors with r = .5, .4, .3: slopes of those sizes, R2 = .25 + .16 + .09
    lower = ("0.500", "0.400", "0.000", "0.300", "0.000", "0.000")
    column = "3|(1)|v1|coef|{}\n3|(1)|v2|coef|{}\n3|(1)|v3|coef|0.300\n3|(1)|N|stat|99\n3|(1)|R2|stat|{}\n"
    right = moments + matrix(*lower) + column.format("0.500", "0.400", "0.500")
    assert set(verdicts("ols_from_moments", right)) == {OK}
    one_wrong = moments + matrix(*lower) + column.format("0.500", "0.450", "0.500")
    assert verdicts("ols_from_moments", one_wrong, row="v2") == [BAD]
    another_model = moments + matrix(*lower) + column.format("0.520", "0.450", "0.700")
    assert set(verdicts("ols_from_moments", another_model)) == {OK, IF}


def test_slopes_from_moments_are_those_of_least_squares() -> None:
    generator = np.random.default_rng(3)
    data = generator.normal(size=(80, 4)) @ generator.normal(size=(4, 4))
    y, X = data[:, 0], np.c_[data[:, 1:], np.ones(80)]
    b = np.linalg.lstsq(X, y, rcond=None)[0]
    e = y - X @ b
    se = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * (e @ e) / 76)
    R = np.corrcoef(data.T)
    inputs = np.r_[R[np.tril_indices(4, -1)], data.std(axis=0, ddof=1)]
    found = least_squares(inputs[None, :], 3, 80)[0]
    # closed forms of one problem: only rounding of doubles between them
    assert found[:3] == pytest.approx(b[:3], rel=1e-9)
    assert found[3] == pytest.approx(1 - e @ e / ((y - y.mean()) ** 2).sum(), rel=1e-9)
    assert found[4:] == pytest.approx(se[:3], rel=1e-9)


def test_propagation_encloses_a_product_and_knows_where_it_stops() -> None:
    box = Box.of([Interval(1.9, 2.1), Interval(2.9, 3.1)])
    (product,) = propagate(lambda p: p.prod(axis=1, keepdims=True), box)
    assert product.lo <= 1.9 * 2.9
    assert product.hi >= 2.1 * 3.1
    assert product.hi < 6.6
    (line,) = propagate(lambda p: np.where(p[:, :1] > 2, p[:, :1], np.nan), box)
    assert not line.bounded
