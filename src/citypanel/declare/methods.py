"""Which estimation methods exist and which options each takes: one closed model per method.

The command line, `study.yaml` and the JSON Schemas all read this module, so a name is spelt in one place.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from citypanel.declare.complaints import closest, complaints
from citypanel.errors import DeclarationError


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _digit(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdigit() else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split, json_schema_input_type=str | list[str])]
Numbers = Annotated[tuple[float, ...], BeforeValidator(_split, json_schema_input_type=str | list[float])]


class Options(BaseModel):
    """Options of a method; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LinearOptions(Options):
    """Ordinary least squares, fixed effects, instruments."""

    estimator: Literal["within", "between", "random", "2sls", "liml"] | None = Field(
        None,
        description="within, between, random with effects; 2sls, liml with instruments; default within or 2sls",
    )
    ssc: Literal["reghdfe", "none"] = Field("reghdfe", description="small-sample correction")
    singletons: Literal["drop", "keep"] = Field("drop", description="groups of one row in a fixed effect")
    constant: Literal["mean", "base"] = Field(
        "mean", description="beside fixed effects: at the means (reghdfe), or of the base categories (dummies)"
    )
    f_terms: Literal["slopes", "all"] = Field(
        "slopes", description="terms that F tests: the regressors, or the dummies of fixed effects as well"
    )
    wild_bootstrap: int = Field(0, ge=0, description="draws of the wild cluster bootstrap; 0 is none")
    term: str | None = Field(None, description="regressor that the next options ask about; default the first")
    oster: bool = Field(False, description="Oster's delta: the other regressors are the controls")
    oster_r2_max: float | None = Field(None, gt=0, le=1, description="default 1.3 times R2, at most 1")
    interaction: str | None = Field(None, description="column of two values whose coefficients are compared")
    randomisation: int = Field(0, ge=0, description="draws of randomisation inference; 0 is none")
    randomise_by: str | None = Field(None, description="column assigned together; default the unit, else rows")
    convergence: int = Field(
        0, ge=0, description="years of a growth regression: speed of convergence from the coefficient of `term`"
    )


class EventStudyOptions(Options):
    """Leads and lags around treatment."""

    cohort: str = Field(description="column with the first treated period; empty or 0 is never")
    leads: int = Field(4, ge=1)
    lags: int = Field(4, ge=0)
    base: int = Field(-1, description="event time left out")
    bin_ends: bool = Field(
        True, description="periods beyond the ends are counted in the end bins; false leaves their rows out"
    )
    sensitivity: Literal["none", "relative", "smoothness"] = Field(
        "none", description="bounds on violations of parallel trends (Rambachan and Roth 2023)"
    )
    bounds: Numbers = Field((), description="values of the bound; default 0 to 2 or 0 to one standard error")
    target: Literal["first", "average"] = Field("first", description="effect whose sensitivity is shown")


class DidOptions(Options):
    """Difference in differences with staggered adoption."""

    cohort: str = Field(description="column with the first treated period; empty or 0 is never")
    estimator: Literal["twfe", "bacon", "callaway_santanna", "sun_abraham", "imputation", "gardner", "efficient"] = (
        "twfe"
    )
    est_method: Literal["dr", "ipw", "reg"] = "dr"
    base_period: Literal["varying", "universal"] = "varying"
    control_group: Literal["never", "notyet"] = "never"
    aggregate: Literal["simple", "group", "calendar", "dynamic"] = "simple"


class PlaceboOptions(Options):
    """Treatment reassigned at random, cohort sizes kept."""

    treatment: str
    draws: int = Field(500, ge=1, le=1_000_000)
    keep_cohorts: bool = True


class MediationOptions(Options):
    """Effect on a mediator, effect through it, and its share in the total effect."""

    treatment: str
    mediator: str
    bootstrap: int = Field(0, ge=0, description="draws of whole clusters for percentile intervals; 0 is none")


class PsmDidOptions(Options):
    """Matching on the score, then difference in differences on the matched sample."""

    treated: str
    score: Literal["logit", "probit"] = "logit"
    match: Literal["kernel", "nearest", "radius"] = "kernel"
    covariates: Names = Field((), description="of the score; default the formula's")
    neighbours: int = Field(1, ge=1)
    replace: bool = True
    order: Literal["data", "score"] = "data"
    ties: bool = True
    caliper: float | None = Field(None, gt=0)
    bandwidth: float = Field(0.06, gt=0)
    support: bool = True
    by_year: bool = True
    kernel: Literal["epanechnikov", "normal", "biweight", "uniform", "tricube"] = "epanechnikov"
    tie_tolerance: float = Field(
        1e-5, ge=0, description="of squared distances in standard deviations of the score, for ties=true"
    )


class QuantileOptions(Options):
    """Quantile regression on panels."""

    estimator: Literal["pooled", "canay", "mmqr"] = "pooled"
    quantiles: Numbers = (0.1, 0.25, 0.5, 0.75, 0.9)
    bootstrap: int = Field(0, ge=0)


class GmmOptions(Options):
    """Difference and system GMM for dynamic panels."""

    system: bool = False
    transform: Literal["fd", "fod"] = "fd"
    steps: Annotated[Literal[1, 2], BeforeValidator(_digit)] = 2
    windmeijer: bool = True
    small: bool = False
    gmm: str = Field("", description="VAR:MIN:MAX[:collapse][:eq=diff|level|both];...")
    iv: str = Field("", description="VAR,VAR[:eq=diff|level|both];...")
    time_dummies: bool = False
    constant: Literal["auto", "true", "false"] = "auto"
    h: Annotated[Literal[1, 2, 3], BeforeValidator(_digit)] = Field(3, description="one-step weight")
    artests: int = Field(2, ge=1, le=20, description="highest order of the tests for serial correlation")


class SpatialOptions(Options):
    """Spatial lag, error and Durbin models by maximum likelihood."""

    w: str = Field(description="weights: dense CSV, or long i,j,w")
    w_ids: str | None = None
    model: Literal["sar", "sem", "sdm", "sac", "sdem"] = Field(
        "sar", description="lag, error, Durbin, lag and error, Durbin error"
    )
    row_standardise: bool = True
    effects_fe: Literal["both", "unit", "time", "none"] = "both"
    twoways_lag: Literal["demeaned", "dummies"] = "demeaned"
    leeyu: bool = False
    information: Literal["expected", "observed"] = "expected"
    impacts: Literal["delta", "mc"] = "delta"
    mc_draws: int = Field(1000, ge=1)
    durbin: Names = Field((), description="regressors whose W x enters sdm and sdem; default all")


class MoranOptions(Options):
    """Moran's I, one row per period."""

    w: str
    w_ids: str | None = None
    row_standardise: bool = True
    assumption: Literal["randomisation", "normal", "permutation"] = "randomisation"
    side: Literal["greater", "two", "less"] = "greater"
    permutations: int = Field(999, ge=1)
    local: bool = Field(False, description="local Moran's I and scatter of each unit as curves")
    fdr: bool = Field(False, description="local p-values adjusted by the false discovery rate within a period")
    alpha: float = Field(0.05, gt=0, lt=1, description="level of the local clusters")


class SpatialLmOptions(Options):
    """Lagrange multiplier tests for spatial dependence."""

    w: str
    w_ids: str | None = None
    row_standardise: bool = True
    effects_fe: Literal["none", "both", "unit", "time"] = "none"
    twoways_lag: Literal["demeaned", "dummies"] = Field("demeaned", description="W(Qy), or Q(Wy) as with dummies")


class DescriptiveOptions(Options):
    """Moments, correlations, variance inflation."""

    winsorise: Numbers = Field((), description="lower and upper share, as 0.01,0.99")


class DescribeOptions(DescriptiveOptions):
    """Moments of all rows or of each group of rows, and densities."""

    by: str | None = Field(None, description="column of groups, as year: moments of each group")
    density: bool = Field(False, description="kernel densities as a curve, with `by` one for each group")


OPTIONS: dict[str, type[Options]] = {
    "linear": LinearOptions,
    "event_study": EventStudyOptions,
    "did": DidOptions,
    "placebo": PlaceboOptions,
    "psm_did": PsmDidOptions,
    "mediation": MediationOptions,
    "quantile": QuantileOptions,
    "gmm": GmmOptions,
    "spatial": SpatialOptions,
    "moran": MoranOptions,
    "spatial_lm": SpatialLmOptions,
    "describe": DescribeOptions,
    "correlate": DescriptiveOptions,
    "vif": DescriptiveOptions,
}


# Methods whose formula is a list of terms without an outcome.
ONE_SIDED = ("describe", "correlate", "vif", "moran")
# Options that name columns of the panel.
SOURCED_OPTIONS = ("cohort", "treatment", "treated", "covariates", "mediator", "by")


def parse_options(method: str, given: dict[str, Any], place: str) -> Options:
    """Validate the options of a method; `place` opens the message ("study x, analysis y" or "--option")."""
    if method not in OPTIONS:
        raise DeclarationError(f"{place}: method '{method}' is unknown{closest(method, OPTIONS)}")
    try:
        return OPTIONS[method].model_validate(given)
    except ValidationError as error:
        raise DeclarationError(complaints(error, OPTIONS[method], place)[0]) from None
