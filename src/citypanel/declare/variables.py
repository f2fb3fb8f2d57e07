"""Where a study's variables come from: an indicator, the yearbook, a policy register, or a formula of others."""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from citypanel.declare.cleaning import Texts
from citypanel.declare.indicator_options import IndicatorOptions
from citypanel.declare.indicators import INDICATORS
from citypanel.declare.text import Text


class VariableBase(BaseModel):
    """What every variable declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Text
    transform: Literal["none", "log", "log1p"] = Field("none", description="log1p is ln(1 + x)")
    at: int | None = Field(None, description="the value of this year stands in every year, as for splits")
    cut: Literal["mean", "median"] | float | None = Field(
        None, description="1 above the mean or median of the panel's rows, or above a number; 0 else"
    )
    definition: Text | None = Field(None, description="how the variable is measured, for the variables table")


class YearbookVariable(VariableBase):
    """A column of the yearbook or of the national series."""

    source: Literal["yearbook"]
    column: str = Field(description="a name of registers/yearbook_variables.csv or national_series.csv")


class PolicyVariable(VariableBase):
    """Treatment from policies/NAME.csv of the raw folder if it is there, else from registers/policies.csv."""

    source: Literal["policy"]
    policy: str = Field(description="a policy of the register or of the raw folder")
    form: Literal["treated", "cohort", "ever"] = Field(
        "treated",
        description="treated: 1 from the first year on; cohort: the first year, 0 never; ever: 1 if ever",
    )
    delay: Literal["none", "fourth_quarter", "year"] = Field(
        "none",
        description="fourth_quarter: a term that starts in October or later treats from the next year on; "
        "year: every treatment starts a year later",
    )
    units: Literal["prefecture", "any"] = Field(
        "prefecture", description="any: a treated county or district also treats its city"
    )
    years: tuple[int, int] | None = Field(
        None, description="first and last year in which treated and ever may be 1; default all years"
    )

    @model_validator(mode="after")
    def _years_in_order(self) -> "PolicyVariable":
        if self.years is not None and self.form == "cohort":
            raise ValueError("years goes with form treated or ever: a cohort is a year, not a treatment")
        if self.years is not None and self.years[0] > self.years[1]:
            raise ValueError("the first of years comes after the last")
        return self


class CityVariable(VariableBase):
    """What the register tells about a city: 1 where it meets every condition given, or a coordinate."""

    source: Literal["city"]
    column: Literal["lon", "lat"] | None = Field(None, description="a coordinate, in place of conditions")
    region: Texts = Field((), description="out of east, central, west, northeast")
    level: Texts = Field((), description="out of municipality, sub_provincial, provincial_capital, prefecture, ...")
    provinces: tuple[int, ...] = Field((), description="province codes, as 330000")
    cluster: Texts = Field((), description="clusters of registers/city_clusters.csv, member of any; `any`: of all")

    @model_validator(mode="after")
    def _one_form(self) -> "CityVariable":
        conditions = [name for name in ("region", "level", "provinces", "cluster") if getattr(self, name)]
        if bool(self.column) == bool(conditions):
            raise ValueError("it needs either 'column', or conditions out of region, level, provinces, cluster")
        return self


class FormulaVariable(VariableBase):
    """Arithmetic on other variables and on columns of the yearbook."""

    formula: str = Field(description="as fdi_usd_wan * usd_cny / gdp_wan")


def _indicator_variable(name: str, options: type[IndicatorOptions]) -> type[VariableBase]:
    kind = Annotated[Literal[name], Field(description=f"the indicator {name}")]  # type: ignore[valid-type]
    return create_model(
        f"{name.title().replace('_', '')}Variable",
        __base__=(VariableBase, options),  # type: ignore[arg-type]  # the stub wants one kind of base
        source=(kind, ...),
    )


# Comparative advantage is by product and no column of a city panel.
INDICATOR_VARIABLES = {
    name: _indicator_variable(name, options) for name, options in INDICATORS.items() if name != "rca"
}
SOURCES: dict[str, type[VariableBase]] = {
    "yearbook": YearbookVariable,
    "policy": PolicyVariable,
    "city": CityVariable,
    **INDICATOR_VARIABLES,
    "formula": FormulaVariable,
}


def _source(value: object) -> str:
    given = value if isinstance(value, dict) else vars(value) if isinstance(value, BaseModel) else {}
    return "formula" if "formula" in given else str(given.get("source"))


_CHOICES: Any = reduce(or_, [Annotated[model, Tag(name)] for name, model in SOURCES.items()])
Variable = Annotated[
    _CHOICES,
    Discriminator(
        _source,
        custom_error_type="unknown_source",
        custom_error_message=f"it needs a 'formula', or a 'source' out of {', '.join([*SOURCES][:-1])}",
    ),
]


def indicator_options(variable: VariableBase) -> IndicatorOptions | None:
    """Return the options of the indicator behind a variable, or None for other sources."""
    source = getattr(variable, "source", "")
    if source not in INDICATOR_VARIABLES:
        return None
    model = INDICATORS[source]
    return model.model_validate({key: getattr(variable, key) for key in model.model_fields})
