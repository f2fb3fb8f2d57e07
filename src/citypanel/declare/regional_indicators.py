"""Options of the indicators of regional development: gaps, productivity, integration, specialisation, exposure."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from citypanel.declare.cleaning import Texts
from citypanel.declare.expression import parse_expression
from citypanel.declare.indicator_options import IndicatorOptions, Years
from citypanel.declare.text import Text
from citypanel.errors import DeclarationError

# Retail price categories for which China's statistics print yearly indices (previous year = 100), and the sectors of
# GB/T 4754 by which they print employment: the names of registers/yearbook_variables.csv.
PRICES = (
    "price_grain", "price_vegetables", "price_drinks_tobacco", "price_clothing", "price_medicines",
    "price_publications", "price_culture_sports", "price_daily_goods", "price_fuels",
)  # fmt: skip
SECTORS = (
    "employment_agriculture", "employment_mining", "employment_manufacturing", "employment_utilities",
    "employment_construction", "employment_trade", "employment_transport", "employment_hotels",
    "employment_information", "employment_finance", "employment_real_estate", "employment_leasing",
    "employment_research", "employment_environment", "employment_services", "employment_education",
    "employment_health", "employment_culture", "employment_government",
)  # fmt: skip


def _readable(**formulas: str) -> None:
    for name, formula in formulas.items():
        try:
            parse_expression(formula)
        except DeclarationError as fault:
            raise ValueError(f"{name}: {fault}") from None


class DisparityOptions(IndicatorOptions):
    """Gaps between cities in income, light or patents per head, and inequality among them."""

    MAIN: ClassVar[str] = "within"
    COLUMN: ClassVar[str] = "form"

    within: Literal["all", "province", "agglomeration"] = Field(
        "all", description="cities compared: all of the yearbook, of the same province, of the same agglomeration"
    )
    form: Literal["deviation", "frontier", "relative", "dyadic", "theil", "theil_between", "theil_within", "gini"] = (
        Field(
            "deviation",
            description="|ln y - ln mean|; ln(max/y); (max - y)/max; mean of |ln y - ln y_j| over the others; or the "
            "inequality of the year, the same in all cities compared (theil parts: between and within provinces)",
        )
    )
    income: str = Field("gdp_per_head_yuan", description="y: a formula of city_year's variables")
    growth_index: str = Field(
        "", description="variable of real growth, previous year = 100: it carries y of the first year on"
    )
    population: str = Field(
        "", description="formula of the people behind y, for the mean, Theil and Gini; default: each city counts one"
    )
    clusters: Texts = Field(
        (), description="agglomerations of registers/city_clusters.csv; a city of several counts in the first named"
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "DisparityOptions":
        _readable(income=self.income, population=self.population or "1")
        if (self.within == "agglomeration") != bool(self.clusters):
            raise ValueError("clusters and within: agglomeration need each other")
        return self

    @property
    def caution(self) -> Text | None:
        """The identification note of the gap to the richest."""
        if self.form != "frontier":
            return None
        en, zh = ("province-year", "省份-年份") if self.within == "province" else ("year", "年份")
        return Text(
            en=f"The gap ln(max/y) is a constant of the {en} less ln y: with {en} effects its coefficients are those "
            "of a regression of ln y with the opposite sign, so it tells of growth and not of gaps",
            zh=f"差距 ln(max/y) 等于{zh}常数减 ln y：在{zh}固定效应下，其系数恰为以 ln y 为被解释变量的系数取相反数，"
            "反映的是增长而非差距",
        )


class ProductivityOptions(IndicatorOptions):
    """Total factor productivity: the Solow residual, or the Malmquist index by data envelopment."""

    MAIN: ClassVar[str] = "method"
    COLUMN: ClassVar[str] = "index"

    method: Literal["solow", "malmquist"] = Field("solow", description="residual, or frontier of all cities")
    index: Literal["tfp", "capital", "change", "efficiency_change", "technical_change", "efficiency"] = Field(
        "tfp",
        description="tfp in logs (malmquist: summed from the first year), capital stock; of malmquist also the index "
        "of a year, its two factors, and the distance to the frontier",
    )
    output: str = Field("gdp_wan", description="a formula of city_year's variables")
    output_index: str = Field(
        "", description="variable of real growth, previous year = 100: it carries output of the first year on"
    )
    labour: str = Field("employed_wan", description="a formula of city_year's variables")
    investment: str = Field("fixed_investment_wan", description="a formula of city_year's variables")
    investment_price: str = Field(
        "", description="variable of prices of investment, previous year = 100, that deflates it"
    )
    depreciation: float = Field(0.096, gt=0, lt=1, description="a year; 9.6% after Zhang, Wu and Zhang (2004)")
    first_stock: float | None = Field(
        None, gt=0, description="investment of the first year over capital; default growth of investment + depreciation"
    )
    alpha: float = Field(0.5, gt=0, lt=1, description="elasticity of output to capital (solow)")
    labour_share: str = Field(
        "",
        description="formula of the cost share of labour: its mean over a city's years in place of 1 - alpha (solow)",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "ProductivityOptions":
        _readable(
            output=self.output, labour=self.labour, investment=self.investment, labour_share=self.labour_share or "1"
        )
        if self.method == "malmquist" and (self.labour_share or self.alpha != type(self).model_fields["alpha"].default):
            raise ValueError("alpha and labour_share belong to method: solow")
        if self.method == "solow" and self.index not in ("tfp", "capital"):
            raise ValueError(f"index: {self.index} belongs to method: malmquist")
        return self


class IntegrationOptions(IndicatorOptions):
    """Market segmentation from relative prices, and integration, its inverse root."""

    MAIN: ClassVar[str] = "partners"
    COLUMN: ClassVar[str] = "index"

    partners: Literal["all", "province", "nearest"] = Field(
        "all", description="cities whose prices are compared: all, of the same province, or the nearest"
    )
    index: Literal["integration", "segmentation"] = Field("integration", description="1/sqrt(segmentation), or itself")
    level: Literal["city", "province"] = Field(
        "city", description="prices of cities, or means of provinces where indices are provincial"
    )
    nearest: int = Field(5, ge=1, description="number of nearest partners, by distance between seats")
    prices: Texts = Field(PRICES, min_length=2, description="variables with price indices, previous year = 100")

    @model_validator(mode="after")
    def _goes_together(self) -> "IntegrationOptions":
        if self.level == "province" and self.partners == "province":
            raise ValueError("partners: province compares cities; with level: province take all or nearest")
        return self


class SpecialisationOptions(IndicatorOptions):
    """Division of labour from employment by sector, Krugman (1991)."""

    MAIN: ClassVar[str] = "within"
    COLUMN: ClassVar[str] = "index"

    within: Literal["all", "province"] = Field("all", description="cities compared")
    index: Literal["krugman", "pairwise"] = Field(
        "krugman", description="against the sum of the cities compared, or the mean over pairs with each other city"
    )
    sectors: Texts = Field(SECTORS, min_length=2, description="variables with employment by sector")


class ExposureOptions(IndicatorOptions):
    """Shift-share instrument: partners' growth in joint patents, weighted by joint patents of base years."""

    MAIN: ClassVar[str] = "kind"

    kind: Literal["invention", "utility", "design", "invention_utility", "all"] = Field(
        "invention", description="patents counted"
    )
    base_years: Years | None = Field(
        None, description="years of the weights, best before the sample; default the first year with patents"
    )

    @model_validator(mode="after")
    def _in_order(self) -> "ExposureOptions":
        if self.base_years is not None and self.base_years[0] > self.base_years[1]:
            raise ValueError("base_years runs from the first to the last year")
        return self
