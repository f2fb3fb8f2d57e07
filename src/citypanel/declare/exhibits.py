"""What an exhibit of a study may say: one closed model per kind."""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from citypanel.declare.methods import Names, Numbers
from citypanel.declare.text import Text


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]


class Matching(BaseModel):
    """Printed names that differ from ours and cannot be derived from labels and numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = Field(
        {},
        description="printed column: ANALYSIS.N, the N-th column of an analysis; ANALYSIS.N.first is its first stage",
    )
    rows: dict[str, OneOrMany] = Field(
        {}, description="printed row: a term, a statistic or fe:EFFECT of ours; of several the first that a column has"
    )


class ExhibitBase(BaseModel):
    """What every table and figure declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    note: Text | None = None
    published: str | None = Field(None, description="file in published/ with the printed cells")
    inferred: bool = Field(False, description="the paper does not state this specification; the note says so")
    matching: Matching | None = Field(None, description="how printed names and ours belong together")


Diagnostics = Literal["iv", "gmm"]


class RegressionTable(ExhibitBase):
    """Coefficients with a statistic beneath, effects, fit."""

    kind: Literal["regression"]
    analysis: OneOrMany = Field(description="one analysis, or several side by side")
    keep: Names = Field((), description="terms shown; default all")
    omit: Names = Field((), description="terms left out")
    order: Names = Field((), description="terms that come first, in this order")
    statistics: Names = Field(("n", "r2", "r2_adj"), description="rows below the coefficients")
    parentheses: Literal["auto", "se", "t", "p"] = "auto"
    stars: Numbers = (0.1, 0.05, 0.01)
    digits: int = Field(3, ge=0, le=10)
    diagnostics: tuple[Diagnostics, ...] = Field((), description="blocks of tests below: iv, gmm")
    first_stage: bool = Field(False, description="first stages as columns before those with instruments")


class DescriptivesTable(ExhibitBase):
    """Moments of the variables."""

    kind: Literal["descriptives"]
    analysis: str
    keep: Names = Field((), description="variables shown; default all")
    statistics: Names = Field(("n", "mean", "sd", "min", "median", "max"), description="columns")
    digits: int = Field(3, ge=0, le=10)


class CorrelationTable(ExhibitBase):
    """Lower triangle of correlations, with variance inflation factors if an analysis gives them."""

    kind: Literal["correlations"]
    analysis: str
    vif: str | None = Field(None, description="analysis of method vif")
    stars: Numbers = (0.05,)
    digits: int = Field(4, ge=0, le=10)


class EventStudyFigure(ExhibitBase):
    """Coefficients by time to treatment."""

    kind: Literal["event_study"]
    analysis: str
    uniform: bool = Field(False, description="draw uniform bands beside the pointwise ones")
    window: tuple[int, int] | None = Field(None, description="first and last event time shown; default all")


class VariablesTable(ExhibitBase):
    """The study's variables: symbol, name, definition. It shows declarations and reads no record."""

    kind: Literal["variables"]
    keep: Names = Field((), description="variables shown; default all, in the order of declaration")


class MoranTable(ExhibitBase):
    """Moran's I by period, one column (or more) for each matrix of weights."""

    kind: Literal["moran"]
    analysis: OneOrMany = Field(description="analyses of method moran, one for each matrix")
    statistics: tuple[Literal["I", "expectation", "sd", "z", "p"], ...] = Field(("I",), min_length=1)
    stars: Numbers = (0.1, 0.05, 0.01)
    digits: int = Field(4, ge=0, le=10)


class SpatialLmTable(ExhibitBase):
    """Tests for spatial errors and lags, one column for each matrix of weights."""

    kind: Literal["spatial_lm"]
    analysis: OneOrMany = Field(description="analyses of method spatial_lm, one for each matrix")
    durbin: Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])] = Field(
        (), description="analyses with Durbin models of the same matrices, for the LR and Wald tests"
    )
    p: bool = Field(False, description="p values beneath")
    stars: Numbers = (0.1, 0.05, 0.01)
    digits: int = Field(3, ge=0, le=10)


class SpatialTable(ExhibitBase):
    """Spatial models side by side: coefficients, spatial parameters, variance, effects, fit."""

    kind: Literal["spatial"]
    analysis: OneOrMany = Field(description="analyses of method spatial")
    keep: Names = Field((), description="terms shown; default all; spatial parameters always are")
    omit: Names = Field((), description="terms left out")
    order: Names = Field((), description="terms that come first, in this order")
    impacts: Names = Field(
        (), description="terms whose direct, indirect and total effects are shown; default the first"
    )
    statistics: Names = Field(("r2_within", "loglik", "n", "units"), description="rows at the end")
    parentheses: Literal["auto", "se", "t", "p"] = Field("t", description="t shows z where the normal is used")
    stars: Numbers = (0.1, 0.05, 0.01)
    digits: int = Field(3, ge=0, le=10)


class BalanceTable(ExhibitBase):
    """Means of treated and control rows before and after matching."""

    kind: Literal["balance"]
    analysis: str
    digits: int = Field(3, ge=0, le=10)


class AttritionTable(ExhibitBase):
    """The account of the customs records behind an indicator: what leaves at each cleaning step, and what is left."""

    kind: Literal["attrition"]
    variable: str = Field(description="a variable of source quality, sophistication or complexity")
    reasons: bool = Field(True, description="a line for each reason beneath its step")
    digits: int = Field(1, ge=0, le=6, description="of million US$")


class MediationTable(ExhibitBase):
    """Effects on a mechanism, of it, through it, and its share: one column for each mechanism."""

    kind: Literal["mediation"]
    analysis: OneOrMany = Field(description="analyses of method mediation")
    statistics: Names = Field(("n",), description="rows at the end")
    parentheses: Literal["auto", "se", "t", "p"] = "auto"
    stars: Numbers = (0.1, 0.05, 0.01)
    digits: int = Field(3, ge=0, le=10)


class SeriesFigure(ExhibitBase):
    """A moment of variables by group, as the mean by year."""

    kind: Literal["series"]
    analysis: str = Field(description="analysis of method describe by a column, or with one column per year")
    keep: Names = Field((), description="variables shown; default all")
    statistic: Literal["mean", "median", "sd", "cv", "min", "max", "p25", "p75"] = "mean"
    quartiles: bool = Field(False, description="band from the first to the third quartile")
    panels: bool = Field(True, description="a panel for each variable; false draws all on one axis")


class MoranScatterFigure(ExhibitBase):
    """Neighbours' mean against own value, a panel for each period; the slope is Moran's I."""

    kind: Literal["moran_scatter"]
    analysis: str = Field(description="analysis of method moran with local=true")
    periods: Names = Field((), description="default the first, two between and the last")


class LocalMoranFigure(ExhibitBase):
    """Local clusters: units against periods, shaded by kind where significant."""

    kind: Literal["local_moran"]
    analysis: str = Field(description="analysis of method moran with local=true")
    adjusted: bool = Field(False, description="significance after adjustment for many tests")
    level: float = Field(0.05, gt=0, lt=1)


class WeightsHeatmapFigure(ExhibitBase):
    """Matrices of spatial weights, shaded by size."""

    kind: Literal["weights_heatmap"]
    weights: OneOrMany = Field(description="names of the study's matrices of weights")


class NetworkFigure(ExhibitBase):
    """Cities at their coordinates, joined by lines as wide as their joint patents."""

    kind: Literal["network"]
    variable: str = Field(description="a variable of source cooperation; its pairs are drawn")
    shown_years: tuple[int, ...] = Field((), description="a panel each; default the first and the last year")
    links: int = Field(150, ge=1, description="strongest links drawn in each panel")
    names: int = Field(8, ge=0, description="cities named, those with most joint patents")


class PlaceboFigure(ExhibitBase):
    """Estimates under reassigned treatment: their density and p values, with the true estimate."""

    kind: Literal["placebo"]
    analysis: str


class CoefficientsFigure(ExhibitBase):
    """A coefficient with its interval: by quantile, or across the columns of analyses."""

    kind: Literal["coefficients"]
    analysis: OneOrMany
    terms: Names = Field(min_length=1, description="a panel each")


class KernelDensityFigure(ExhibitBase):
    """Densities of a variable by group, as by year."""

    kind: Literal["kernel_density"]
    analysis: str = Field(description="analysis of method describe with curve 'density'")
    keep: Names = Field((), description="variables shown, a panel each; default all")
    groups: Names = Field((), description="years shown; default the first, two between and the last")


class BalanceFigure(ExhibitBase):
    """Standardised bias of covariates before and after matching."""

    kind: Literal["balance_plot"]
    analysis: str


class BaconFigure(ExhibitBase):
    """Comparisons behind a two-way effect: estimate against weight, by type."""

    kind: Literal["bacon"]
    analysis: str = Field(description="analysis of method did with estimator=bacon")


class SensitivityFigure(ExhibitBase):
    """Intervals of an effect under growing violations of parallel trends, a panel for each column."""

    kind: Literal["sensitivity"]
    analysis: str = Field(description="analysis of method event_study with option sensitivity")


TABLE_MODELS: dict[str, type[ExhibitBase]] = {
    "regression": RegressionTable,
    "descriptives": DescriptivesTable,
    "correlations": CorrelationTable,
    "variables": VariablesTable,
    "moran": MoranTable,
    "spatial_lm": SpatialLmTable,
    "spatial": SpatialTable,
    "balance": BalanceTable,
    "attrition": AttritionTable,
    "mediation": MediationTable,
}
FIGURE_MODELS: dict[str, type[ExhibitBase]] = {
    "event_study": EventStudyFigure,
    "series": SeriesFigure,
    "moran_scatter": MoranScatterFigure,
    "local_moran": LocalMoranFigure,
    "weights_heatmap": WeightsHeatmapFigure,
    "network": NetworkFigure,
    "placebo": PlaceboFigure,
    "coefficients": CoefficientsFigure,
    "kernel_density": KernelDensityFigure,
    "balance_plot": BalanceFigure,
    "bacon": BaconFigure,
    "sensitivity": SensitivityFigure,
}
TABLES = tuple(TABLE_MODELS)
FIGURES = tuple(FIGURE_MODELS)
# Kinds that show cities: they read the register of cities for names and coordinates.
# The sources of the variable that a kind is about.
ABOUT = {"network": ("cooperation",), "attrition": ("quality", "sophistication", "complexity")}
SHOWS_CITIES = ("local_moran", "weights_heatmap", "network")


def _kind(value: object) -> str:
    return str(value.get("kind")) if isinstance(value, dict) else str(getattr(value, "kind", None))


_CHOICES: Any = reduce(or_, [Annotated[model, Tag(name)] for name, model in {**TABLE_MODELS, **FIGURE_MODELS}.items()])
Exhibit = Annotated[
    _CHOICES,
    Discriminator(
        _kind,
        custom_error_type="unknown_kind",
        custom_error_message=f"'kind' must be one of {', '.join((*TABLES, *FIGURES))}",
    ),
]


def analyses_of(exhibit: ExhibitBase) -> tuple[str, ...]:
    """Return the analyses whose records an exhibit reads, in its order; none for what shows files or declarations."""
    named = getattr(exhibit, "analysis", ())
    chosen = named if isinstance(named, tuple) else (named,)
    vif = getattr(exhibit, "vif", None)
    return (*chosen, *getattr(exhibit, "durbin", ()), *((vif,) if vif else ()))
