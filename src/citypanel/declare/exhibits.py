"""What an exhibit of a study may say: one closed model per kind."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from citypanel.declare.methods import Names, Numbers
from citypanel.declare.text import Text


class ExhibitBase(BaseModel):
    """What every table and figure declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Text
    note: Text | None = None
    published: str | None = Field(None, description="file in published/ with the printed cells")


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]


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


class DescriptivesTable(ExhibitBase):
    """Moments of the variables."""

    kind: Literal["descriptives"]
    analysis: str
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


TABLES = ("regression", "descriptives", "correlations")
FIGURES = ("event_study",)


def _kind(value: object) -> str:
    return str(value.get("kind")) if isinstance(value, dict) else str(getattr(value, "kind", None))


Exhibit = Annotated[
    Annotated[RegressionTable, Tag("regression")]
    | Annotated[DescriptivesTable, Tag("descriptives")]
    | Annotated[CorrelationTable, Tag("correlations")]
    | Annotated[EventStudyFigure, Tag("event_study")],
    Discriminator(
        _kind,
        custom_error_type="unknown_kind",
        custom_error_message=f"'kind' must be one of {', '.join((*TABLES, *FIGURES))}",
    ),
]


def analyses_of(exhibit: ExhibitBase) -> tuple[str, ...]:
    """Return the analyses whose records an exhibit reads, in its order."""
    named = exhibit.analysis  # type: ignore[attr-defined]
    chosen = named if isinstance(named, tuple) else (named,)
    vif = getattr(exhibit, "vif", None)
    return (*chosen, vif) if vif else tuple(chosen)
