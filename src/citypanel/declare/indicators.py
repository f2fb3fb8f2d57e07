"""Which city indicators exist and which options each takes: one closed model per indicator.

An indicator's file is shared by every study that declares the same options, because its path holds the
`variant`: a short text that is the same for the same options and differs for different ones.
"""

import hashlib
import re
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from citypanel.declare.cleaning import Cleaning
from citypanel.declare.complaints import closest, complaints
from citypanel.declare.expression import names_in, parse_expression
from citypanel.declare.indicator_options import IndicatorOptions, Shares, Years
from citypanel.declare.regional_indicators import (
    DisparityOptions,
    ExposureOptions,
    IntegrationOptions,
    ProductivityOptions,
    SpecialisationOptions,
)
from citypanel.declare.text import Text
from citypanel.errors import DeclarationError


class SophisticationOptions(IndicatorOptions):
    """PRODY and EXPY, Hausmann, Hwang and Rodrik (2007)."""

    MAIN: ClassVar[str] = "level"

    level: Literal["hs2", "hs4", "hs6"] = Field("hs6", description="digits of the product code")
    prody: Literal["fixed", "yearly"] = Field(
        "fixed", description="one PRODY from the mean of the base years, or one for each year"
    )
    base_years: Years | None = Field(None, description="first and last year behind a fixed PRODY; default all")
    reference: Literal["world", "province", "city"] = Field(
        "world", description="economies whose trade and income make PRODY"
    )
    income: str = Field(
        "gdp_wan / population_wan",
        description="income of a province or city reference: a formula of city_year's variables, real or nominal",
    )
    place: Literal["producing", "registered"] = Field("producing", description="city of an export")
    weights: Literal["normalised", "raw"] = Field(
        "normalised",
        description="PRODY weights that sum to one, or revealed comparative advantages as they are",
    )
    leave_own_out: bool = Field(
        False, description="PRODY without the place's own economy (world reference: without `home`)"
    )
    home: str = Field("CHN", description="economy of the cities in a world reference")
    missing_products: Literal["report", "refuse"] = Field(
        "report", description="exports of products without PRODY lower the coverage, or are an error"
    )

    @model_validator(mode="after")
    def _in_order(self) -> "SophisticationOptions":
        try:
            names = list(names_in(parse_expression(self.income)))
        except DeclarationError as fault:
            raise ValueError(str(fault)) from None
        if self.reference == "province" and len(names) < 2:
            raise ValueError("income of a province is a ratio of totals, as gdp_wan / population_wan")
        if self.base_years is not None:
            if self.base_years[0] > self.base_years[1]:
                raise ValueError("base_years runs from the first to the last year")
            if self.prody == "yearly":
                raise ValueError("base_years belongs to prody: fixed")
        return self


class CooperationOptions(IndicatorOptions):
    """Joint patents of organisations and the network between cities."""

    MAIN: ClassVar[str] = "kind"
    COLUMN: ClassVar[str] = "count"

    kind: Literal["invention", "utility", "design", "invention_utility", "all"] = Field(
        "invention", description="patents counted"
    )
    count: Literal[
        "joint_inventions",
        "joint",
        "joint_fractional",
        "intra",
        "inter",
        "undetermined",
        "partners",
        "strength",
        "eigenvector",
        "betweenness",
        "patents",
        "gravity",
    ] = Field("joint", description="column of the indicator; joint_inventions is joint of kind invention")
    ipc: str = Field(
        "",
        pattern=r"^([A-H](\d{2}[A-Z]?)?(,[A-H](\d{2}[A-Z]?)?)*)?$",
        description="sections, classes or subclasses of the main IPC class, as A,H01 (default: all)",
    )
    window: int = Field(1, ge=1, le=10, description="years counted together: the year and those before it")
    distance_power: float | None = Field(
        None, gt=0, description="b of the gravity links I_i I_j / d_ij^b, I = patents, d in km; adds the column gravity"
    )

    @model_validator(mode="after")
    def _named_right(self) -> "CooperationOptions":
        if self.count == "joint_inventions" and self.kind != "invention":
            raise ValueError(f"count: joint_inventions goes with kind: invention, found kind: {self.kind}")
        if self.count == "gravity" and self.distance_power is None:
            raise ValueError("count: gravity needs distance_power, as 2")
        return self


class RcaOptions(IndicatorOptions):
    """Revealed comparative advantage, Balassa (1965)."""

    MAIN: ClassVar[str] = "level"

    level: Literal["hs2", "hs4", "hs6"] = "hs6"
    place: Literal["producing", "registered"] = "producing"


class ComplexityOptions(IndicatorOptions):
    """Economic complexity of cities: eigenvector form and fitness."""

    MAIN: ClassVar[str] = "level"
    COLUMN: ClassVar[str] = "index"

    level: Literal["hs2", "hs4", "hs6"] = "hs4"
    place: Literal["producing", "registered"] = "producing"
    index: Literal["eci", "fitness", "diversity"] = Field("eci", description="column of the indicator")
    threshold: float = Field(1.0, gt=0, description="presence is RCA >= threshold")
    pci_scale: Literal["eci", "own"] = Field("eci", description="PCI standardised by the moments of ECI, or by its own")
    ddof: Literal[0, 1] = Field(0, description="of the standard deviation that ECI and PCI are divided by")


class FlowOptions(IndicatorOptions):
    """Cleaned flows: what the steps up to 16 make of customs records."""

    MAIN: ClassVar[str] = "level"

    level: Literal["hs2", "hs4", "hs6", "hs8"] = "hs6"
    place: Literal["producing", "registered"] = "producing"
    cleaning: Cleaning = Cleaning()


class QualityOptions(IndicatorOptions):
    """Export quality as a demand residual."""

    MAIN: ClassVar[str] = "method"
    COLUMN: ClassVar[str] = "value"

    method: Literal["ksw", "by_product"] = Field("ksw", description="pooled with given sigma, or 2SLS by product")
    value: Literal["quality", "coverage", "imputed"] = Field("quality", description="column of the indicator")
    level: Literal["hs2", "hs4", "hs6", "hs8"] = Field("hs6", description="digits of the product code")
    place: Literal["producing", "registered"] = "producing"
    sigma: str = Field("5", description="a number, or a file with product_prefix and sigma (ksw)")
    divide: bool = Field(True, description="residual divided by sigma - 1; scaled quality is the same either way")
    trim: Shares = Field((0.0, 1.0), description="quality outside these shares of its scope is dropped")
    scope: Literal["product", "product_year"] = Field("product_year", description="scope of the standardisation")
    min_observations: int = Field(100, ge=2, description="thinner products are dropped (by_product)")
    cleaning: Cleaning = Field(Cleaning(), description="the switchable cleaning steps")
    impute_after: int | None = Field(
        None, description="from the next year on quality is `impute_share` times the province's quality, and flagged"
    )
    impute_share: str = Field(
        "tertiary_share / 100", description="a formula of city_year's variables: the share of the tertiary sector"
    )
    impute_province: str = Field(
        "", description="CSV with province (adcode), year, quality; default the province's own flows of the year"
    )

    @model_validator(mode="after")
    def _in_order(self) -> "QualityOptions":
        low, high = self.trim
        if not 0 <= low < high <= 1:
            raise ValueError(f"trim is two shares in order, found {low:g}, {high:g}")
        if self.impute_province and self.impute_after is None:
            raise ValueError("impute_province is given without impute_after, the last year that is not imputed")
        if self.value == "imputed" and self.impute_after is None:
            raise ValueError("value: imputed needs impute_after, the last year that is not imputed")
        try:
            parse_expression(self.impute_share)
        except DeclarationError as fault:
            raise ValueError(str(fault)) from None
        return self

    @property
    def flows(self) -> FlowOptions:
        """The cleaning behind the indicator, which estimators may share: without the steps that come after it."""
        return FlowOptions(level=self.level, place=self.place, cleaning=self.cleaning.of_flows())

    @property
    def caution(self) -> Text | None:
        """That later years are imputed."""
        if self.impute_after is None:
            return None
        return Text(
            en=f"Quality of years after {self.impute_after} is imputed from the sectors of the city and the quality of "
            "its province; it is no measurement",
            zh=f"{self.impute_after}年之后的质量由城市产业占比与省级质量推算，并非测算值",
        )

    @property
    def files(self) -> dict[str, str]:
        """The user's files that the indicator reads, by the option that names them."""
        sigma = self.sigma if self.method == "ksw" and not _is_number(self.sigma) else ""
        own = {"sigma": sigma, "impute_province": self.impute_province}
        cleaning = {f"cleaning.{key}": path for key, path in self.cleaning.files.items()}
        return {key: path for key, path in own.items() if path} | cleaning


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


INDICATORS: dict[str, type[IndicatorOptions]] = {
    "sophistication": SophisticationOptions,
    "cooperation": CooperationOptions,
    "rca": RcaOptions,
    "complexity": ComplexityOptions,
    "quality": QualityOptions,
    "disparity": DisparityOptions,
    "productivity": ProductivityOptions,
    "integration": IntegrationOptions,
    "specialisation": SpecialisationOptions,
    "exposure": ExposureOptions,
}


def parse_indicator(name: str, given: dict[str, Any], place: str) -> IndicatorOptions:
    """Validate the options of an indicator; `place` opens the message ("study x, variable y")."""
    if name not in INDICATORS:
        raise DeclarationError(f"{place}: indicator '{name}' is unknown{closest(name, INDICATORS)}")
    try:
        return INDICATORS[name].model_validate(given)
    except ValidationError as error:
        raise DeclarationError(complaints(error, INDICATORS[name], place)[0]) from None


def variant(options: IndicatorOptions) -> str:
    """Return a short text for a file path: the main choice, then every other option that is not the default.

    Examples
    --------
    >>> variant(SophisticationOptions(level="hs2"))
    'hs2'
    >>> variant(SophisticationOptions(leave_own_out=True, base_years=(2000, 2002)))
    'hs6-base_years_2000_2002-leave_own_out'
    """
    parts = [str(getattr(options, options.MAIN))] if options.MAIN else []
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        if name not in (options.MAIN, options.COLUMN) and value != field.default:
            parts.append(_slug(name, value))
    return "-".join(parts)


def column(options: IndicatorOptions) -> str:
    """Return the column of the file that the options pick; empty where the file has one value only."""
    if not options.COLUMN:
        return ""
    return str(getattr(options, options.COLUMN)).replace("joint_inventions", "joint")


def _slug(name: str, value: object) -> str:
    if isinstance(value, bool):
        return name if value else f"no_{name}"
    if isinstance(value, BaseModel):
        # A model of many keys: what differs from the defaults makes the digest.
        given = value.model_dump_json(exclude_defaults=True)
        return f"{name}_{hashlib.sha256(given.encode()).hexdigest()[:8]}"
    items = value if isinstance(value, tuple) else (value,)
    text = "_".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items)
    if re.fullmatch(r"[\w.]+", text, re.ASCII) and len(text) <= 40:
        return f"{name}_{text}"
    # A path or a Chinese name: the digest keeps two of them apart, the readable part is for people.
    readable = re.sub(r"[^A-Za-z0-9]+", "_", text.rsplit("/", 1)[-1]).strip("_")[:20]
    return f"{name}_{readable}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"
