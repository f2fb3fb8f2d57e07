"""How customs records are cleaned before an indicator: the switchable steps 5 to 22 of the literature, one key each.

The numbers are those of the attrition table. Steps 0 to 6 happen at intake; 12 and 20 cannot be switched off,
17 to 19 belong to the estimator of quality. The defaults need no file and no list that the literature disputes.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Revision = Literal["1992", "1996", "2002", "2007", "2012", "2017", "2022"]


def _split(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, int | float) else value


def _two_digits(value: object) -> object:
    """Turn the chapters 1, "1" and "01", as YAML and people write them, into "01"."""
    parts = _split(value)
    return [str(part).zfill(2) for part in parts] if isinstance(parts, list | tuple) else parts


_TEXTS = str | list[str]
Texts = Annotated[tuple[str, ...], BeforeValidator(_split, json_schema_input_type=_TEXTS)]
Chapter = Annotated[str, Field(pattern=r"^\d{2}$")]
Chapters = Annotated[tuple[Chapter, ...], BeforeValidator(_two_digits, json_schema_input_type=str | list[str | int])]
Shares = Annotated[tuple[float, float], BeforeValidator(_split, json_schema_input_type=str | list[float])]
RauchClass = Literal["exchange", "reference", "differentiated"]
Classes = Annotated[tuple[RauchClass, ...], BeforeValidator(_split, json_schema_input_type=_TEXTS)]


_OF_CITIES = ("min_coverage", "low_coverage", "boundary_changes", "balanced")


class Cleaning(BaseModel):
    """The switchable cleaning steps, in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    positive: bool = Field(True, description="5: value and quantity are there and above 0")
    drop_destinations: Texts = Field((), description="6: alpha-3 codes left out beyond those of the intake")
    drop_chapters: Chapters = Field(("93", "97", "98", "99"), description="7: special chapters; [] keeps all")
    regimes: Texts = Field((), description="8: trade regimes kept, as written (一般贸易); [] keeps all")
    intermediaries: Literal["keep", "short", "long"] = Field(
        "keep", description="9: firms left out by name: none, or a list of registers/intermediary_words.csv"
    )
    hs_base: Revision | None = Field(None, description="10: revision that all codes are converted to; null: none")
    hs_table: str = Field("", description="10: the UN's consolidated conversion tables (CSV), needed by hs_base")
    hs_several: Literal["same_or_first", "drop"] = Field(
        "same_or_first", description="10: a code with several codes in the base: the same or the lowest, or left out"
    )
    unit: Literal["modal", "any"] = Field("modal", description="11: quantities in the product's modal unit only")
    price_trim: Shares = Field((0.01, 0.99), description="13: unit values outside these shares are left out")
    price_scope: Literal["chapter", "chapter_year"] = Field("chapter_year", description="13: shares within these")
    deflator: str = Field("", description="13: CSV with year and deflator that unit values are divided by")
    min_value: float = Field(50.0, ge=0, description="14: least US$ of a flow and year")
    min_quantity: float = Field(1.0, ge=0, description="14: least quantity of a flow and year")
    goods: Literal["all", "manufacturing"] = Field("all", description="15: manufacturing is chapters 28 to 96")
    rauch: str = Field("", description="15: CSV with product_prefix and class, needed by rauch_drop")
    rauch_drop: Classes = Field((), description="15: classes of Rauch (1999) left out")
    min_flows: int = Field(1, ge=1, description="16: products with fewer flows are left out")
    min_coverage: float = Field(0.0, ge=0, le=1, description="21: city-years below this share of value are flagged")
    low_coverage: Literal["flag", "drop"] = Field("flag", description="21: what happens to them")
    boundary_changes: Literal["keep", "drop"] = Field(
        "keep", description="22: cities that were merged or split (registers/city_history.csv)"
    )
    balanced: bool = Field(False, description="22: only cities with a value in every year of the data")

    @model_validator(mode="after")
    def _complete(self) -> "Cleaning":
        low, high = self.price_trim
        if not 0 <= low < high <= 1:
            raise ValueError(f"price_trim is two shares in order, found {low:g}, {high:g}")
        if self.hs_base and not self.hs_table:
            raise ValueError(
                "hs_base needs hs_table: the UN's consolidated HS conversion tables (CSV with code.after, code.before, "
                "Relationship, adjustment), which may not be redistributed here"
            )
        if self.hs_table and not self.hs_base:
            raise ValueError("hs_table is given without hs_base, the revision to convert to")
        if self.rauch_drop and not self.rauch:
            raise ValueError(
                "rauch_drop needs rauch: a CSV with product_prefix and class (exchange, reference, differentiated); "
                "no open file of Rauch (1999) in HS codes is known, so give your own"
            )
        if self.rauch and not self.rauch_drop:
            raise ValueError("rauch is given without rauch_drop, the classes to leave out")
        return self

    def of_flows(self) -> "Cleaning":
        """Return the steps up to 16; those of cities have their defaults."""
        later = {name: field.default for name, field in type(self).model_fields.items() if name in _OF_CITIES}
        return self.model_copy(update=later)

    @property
    def files(self) -> dict[str, str]:
        """The user's files that the steps read, by the key that names them."""
        given = {"hs_table": self.hs_table, "deflator": self.deflator, "rauch": self.rauch}
        return {key: path for key, path in given.items() if path}


# What the user's files hold and where they come from; none of them may be redistributed here or is open at all.
WAYS = {
    "sigma": (
        "a CSV with product_prefix and sigma (the longest prefix counts), as the elasticities that Broda and Weinstein "
        "(2006) publish by HS3, or a number"
    ),
    "impute_province": "a CSV with province (adcode), year and quality",
    "cleaning.hs_table": (
        "the UN's consolidated HS conversion tables, a CSV with code.after, code.before, Relationship and adjustment, "
        "which the UN Statistics Division publishes"
    ),
    "cleaning.deflator": "a CSV with year and deflator, as an export price index",
    "cleaning.rauch": "a CSV with product_prefix and class (exchange, reference, differentiated) after Rauch (1999)",
}

# Every step off that can be: for comparison, and for data cleaned elsewhere.
NO_CLEANING = Cleaning(
    drop_chapters=(), unit="any", price_trim=(0.0, 1.0), min_value=0.0, min_quantity=0.0, goods="all"
)
