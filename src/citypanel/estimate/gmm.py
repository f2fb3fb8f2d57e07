"""Difference and system GMM for dynamic panels (Arellano and Bond 1991, Blundell and Bond 1998)."""

from typing import cast

import numpy as np
import pandas as pd

from citypanel.arrays import Codes
from citypanel.columns import existing_column
from citypanel.declare.expression import Shift
from citypanel.declare.formula import Factor, Formula, bare_name, parse_formula
from citypanel.declare.methods import GmmOptions
from citypanel.declare.specification import Specification
from citypanel.errors import DeclarationError, EstimationError, InputError
from citypanel.estimate.convention import parse_convention
from citypanel.estimate.gmm_declared import (
    LagInstruments,
    PlainInstruments,
    instrument_columns,
    parse_lag_instruments,
    parse_plain_instruments,
)
from citypanel.estimate.gmm_levels import Declared, Levels, read_levels
from citypanel.estimate.gmm_moments import fit_moments
from citypanel.estimate.gmm_report import difference_in_hansen, fit_warnings, infer, report
from citypanel.estimate.gmm_system import build_system
from citypanel.estimate.outcome import Estimate


def estimate(data: pd.DataFrame, specification: Specification) -> Estimate:
    """Estimate a dynamic panel by difference or system GMM.

    Parameters
    ----------
    data : DataFrame
        One row per unit and period; gaps and unbalanced panels are allowed.
    specification : Specification
        With `GmmOptions`; `vcov` is `cluster:COLUMN` (default: the unit) or, for one step, `iid`.

    Returns
    -------
    Estimate
        One column; curve `difference_in_hansen` with a row per group of instruments.

    Raises
    ------
    DeclarationError
        Formula, options or vcov ask for what dynamic panels do not have.
    InputError
        The panel keys do not identify the rows.
    EstimationError
        The instruments do not identify the model, or lags are longer than the panel.

    Notes
    -----
    Conventions are those of xtabond2 (Roodman 2009, Stata Journal 9(1)): H of the one-step weight,
    Windmeijer's correction, orthogonal deviations stored one period late. Observations are the level
    equations in system GMM and the transformed ones in difference GMM.
    """
    declared, notes = _declared(specification)
    iid = _is_iid(specification)
    levels = read_levels(data, specification, declared)
    system = build_system(levels, declared, _clusters(levels, declared))
    fit = fit_moments(system.stack)
    if declared.options.steps == 2 and not fit.has_second_step:
        raise EstimationError(
            f"formula '{declared.formula.text}': the two-step weight does not identify the coefficients (too "
            "few clusters, or residuals of zero); use steps=1 or a vcov with more clusters"
        )
    inference = infer(system, fit, declared.options, iid=iid)
    read = [*declared.formula.names(), *instrument_columns(declared.instruments)]
    columns = dict.fromkeys([declared.unit, declared.time, declared.cluster, *read])
    return Estimate(
        columns=(report(system, fit, inference, declared),),
        sample=levels.rows[list(columns)],
        curves={"difference_in_hansen": difference_in_hansen(system, fit)},
        warnings=(*notes, *system.warnings, *fit_warnings(system, fit)),
    )


def _declared(specification: Specification) -> tuple[Declared, tuple[str, ...]]:
    """Read formula and options; return notes on what was taken by default."""
    formula = parse_formula(specification.formula)
    options = cast("GmmOptions", specification.options)
    place = f"formula '{formula.text}'"
    if specification.unit is None or specification.time is None:
        raise DeclarationError("method 'gmm' needs the panel's unit and time (--unit, --time)")
    if formula.effects or formula.endogenous:
        raise DeclarationError(
            f"{place}: gmm takes no bar; unit effects are differenced out, periods are time_dummies=true, "
            "instruments are the options gmm and iv"
        )
    for term in (formula.outcome, *formula.regressors):
        if any(isinstance(part, Factor) for part in term.parts):
            raise DeclarationError(
                f"{place}: '{term.text}' is not for gmm; for dummies of {specification.time} set "
                "time_dummies=true, which also puts them among the instruments"
            )
    if specification.weights is not None:
        raise DeclarationError(f"{place}: gmm takes no weights; leave out '{specification.weights}'")
    convention = parse_convention(specification.vcov)
    if convention.kind not in ("iid", "cluster") or len(convention.by) > 1:
        raise DeclarationError(f"vcov is '{specification.vcov}'; gmm takes iid (one step) or cluster:COLUMN")
    cluster = convention.by[0] if convention.by else specification.unit
    lags, plain = parse_lag_instruments(options.gmm), parse_plain_instruments(options.iv)
    notes: tuple[str, ...] = ()
    if not lags and not plain:
        lags, plain, notes = _default_instruments(formula)
    if specification.vcov is not None and convention.kind == "iid" and options.steps == 2:
        notes = (*notes, "vcov iid is for one step; two steps are robust within units by construction")
    declared = Declared(formula, options, specification.unit, specification.time, lags, plain, cluster)
    _refuse_level_groups(declared)
    return declared, notes


def _is_iid(specification: Specification) -> bool:
    steps = cast("GmmOptions", specification.options).steps
    return specification.vcov is not None and parse_convention(specification.vcov).kind == "iid" and steps == 1


def _default_instruments(
    formula: Formula,
) -> tuple[tuple[LagInstruments, ...], tuple[PlainInstruments, ...], tuple[str, ...]]:
    """Take lags 2 and deeper of the outcome; every other regressor instruments itself."""
    outcome = bare_name(formula.outcome)
    if outcome is None:
        raise DeclarationError(
            f"formula '{formula.text}': name the instruments (options gmm and iv); defaults exist only "
            "when the outcome is a plain column"
        )
    own = [
        term
        for term in formula.regressors
        if not any(isinstance(part, Shift) and part.name == outcome for part in term.parts)
    ]
    gmm, iv = f"{outcome}:2:99", ",".join(term.text for term in own)
    if any(":" in term.text for term in own):
        raise DeclarationError(
            f"formula '{formula.text}': name the instruments (options gmm and iv); there are interactions"
        )
    note = f"no instruments are declared; taken are gmm={gmm}" + (f" and iv={iv}" if iv else "")
    return parse_lag_instruments(gmm), parse_plain_instruments(iv), (note,)


def _refuse_level_groups(declared: Declared) -> None:
    for group in declared.instruments:
        if group.equation == "level" and not declared.options.system:
            raise DeclarationError(
                f"instrument group '{group.text}' is for the level equation, which difference GMM has not; "
                "set system=true or leave it out"
            )


def _clusters(levels: Levels, declared: Declared) -> Codes:
    """Return the cluster of every unit; a cluster holds whole units."""
    units = levels.cells.unit_of
    if declared.cluster == declared.unit:
        return np.arange(len(levels.cells.units), dtype=np.intp)
    column = existing_column(levels.rows, declared.cluster)
    codes = pd.factorize(column, sort=True)[0]
    if np.any(codes < 0):
        raise InputError(f"cluster column '{declared.cluster}' is missing in {int((codes < 0).sum())} rows")
    of_unit = np.full(len(levels.cells.units), -1, dtype=np.intp)
    of_unit[units] = codes
    moved = np.flatnonzero(of_unit[units] != codes)
    if moved.size:
        unit = levels.cells.units[units[moved[0]]]
        raise InputError(
            f"cluster column '{declared.cluster}' changes within {declared.unit} {unit}; a cluster must hold "
            "whole units"
        )
    return np.unique(of_unit, return_inverse=True)[1].astype(np.intp)
