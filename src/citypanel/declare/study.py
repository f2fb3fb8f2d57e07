"""What a `study.yaml` may say: a closed, typed model. Cross-key checks are in `declare.coherence`."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from citypanel.declare.exhibits import Exhibit
from citypanel.declare.methods import OPTIONS, Numbers
from citypanel.declare.text import Text
from citypanel.declare.variables import Variable

RESERVED = ("city", "year", "province")  # columns every panel has
# Simulated worlds: each study of the four has raw files of its own, for no world can be calibrated to four papers.
WORLDS = ("yrd_cooperation", "smart_city", "ip_model_city", "collaborative_gap")
FAMILIES = ("descriptive", "baseline", "robustness", "mechanism", "heterogeneity", "extension")

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declaration(BaseModel):
    """Base of every part: unknown keys are refused, nothing changes after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cities(Declaration):
    """Which cities: a cluster of the register, provinces, codes, a file of codes, or every one of the register."""

    cluster: str | None = Field(None, description="a cluster of registers/city_clusters.csv")
    provinces: tuple[int, ...] = Field((), description="province codes, as 330000")
    adcodes: tuple[int, ...] = Field((), description="city codes, as 330100")
    file: str = Field(
        "",
        pattern=r"^([\w-][\w.-]*)?$",
        description="CSV beside study.yaml with a column adcode, in place of `adcodes`",
    )
    exclude: tuple[int, ...] = Field((), description="city codes left out")


def _ascending(years: tuple[int, int]) -> tuple[int, int]:
    if years[0] > years[1]:
        raise ValueError("the first year comes after the last")
    return years


Years = Annotated[tuple[int, int], AfterValidator(_ascending)]


class StudySample(Declaration):
    """The rows of the panel: cities times years."""

    cities: Cities = Cities()
    years: Years = Field(description="first and last year")
    base_year: int | None = Field(None, description="boundaries of this year; default the last year")


def _one_or_many(value: object) -> object:
    return value if isinstance(value, (list, tuple)) else [value]


def _formula_alone(value: object) -> object:
    return {"formula": value} if isinstance(value, str) else value


def vcov_text(value: object) -> object:
    """Turn `{cluster: [city, year]}` into `cluster:city+year`; a text stays as it is."""
    if isinstance(value, dict) and len(value) == 1:
        kind, argument = next(iter(value.items()))
        joined = "+".join(map(str, argument)) if isinstance(argument, list) else str(argument)
        return f"{kind}:{joined}"
    return value


_VCOV = r"^(iid|hetero|HC1|HC2|HC3|cluster:.+|hac:\d+|dk:\d+|conley:[^:]+:[^:]+:[^:]+)$"
Vcov = Annotated[
    str,
    BeforeValidator(vcov_text, json_schema_input_type=str | dict[str, str | int | list[str]]),
    Field(pattern=_VCOV),
]


def _text_keys(value: object) -> object:
    """Return a mapping with its keys as text: YAML reads `1:` as a number."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else value


class Split(Declaration):
    """One column for each group of rows, and a test that a coefficient is the same in all of them."""

    by: str = Field(description="variable that tells the groups apart")
    groups: Annotated[dict[str, Text], BeforeValidator(_text_keys)] = Field(
        min_length=2, description="values of `by`, each with its label, in the order of the columns"
    )
    term: str | None = Field(None, description="regressor whose coefficients are compared; default the first")


class Column(Declaration):
    """One column of an analysis; what is left out is taken from the analysis."""

    formula: str = Field(description="fixest formula: y ~ x + ..macro | effects | endogenous ~ instruments")
    label: Text | None = None
    where: str | None = Field(None, description="COLUMN OP VALUE[ and ...]")
    vcov: Vcov | None = None
    weights: str | None = None
    winsorise: Numbers | None = None
    split: Split | None = None
    options: dict[str, Any] = Field({}, description="options of the method, over those of the analysis")


_FormulaOrColumn = str | Column
_Columns = tuple[Annotated[Column, BeforeValidator(_formula_alone, json_schema_input_type=_FormulaOrColumn)], ...]
Columns = Annotated[
    _Columns, BeforeValidator(_one_or_many, json_schema_input_type=_FormulaOrColumn | list[_FormulaOrColumn])
]


class Analysis(Declaration):
    """The columns of one table, estimated in one job."""

    method: Literal[tuple(OPTIONS)] = "linear"  # type: ignore[valid-type]
    family: Literal[FAMILIES] = "baseline"  # type: ignore[valid-type]
    columns: Columns = Field(min_length=1, description="formulas, or columns with their own vcov, where, options")
    vcov: Vcov | None = Field(None, description="iid, hetero, HC2, HC3, {cluster: city}, hac:LAGS, ...")
    weights: str | None = Field(None, description="column of weights")
    where: str | None = None
    winsorise: Numbers = Field((), description="shares cut off, as [0.01, 0.99]")
    seed: int | None = Field(None, ge=0)
    split: Split | None = Field(None, description="groups of rows, a column each; method linear, least squares")
    options: dict[str, Any] = Field({}, description="options of the method")


class Weights(Declaration):
    """A spatial weights matrix of the panel's cities."""

    kind: str = Field(
        pattern=r"^(inverse_distance(:[\d.]+)?|economic|knn:\d+)(\*(inverse_distance(:[\d.]+)?|economic|knn:\d+))*$",
        description="inverse_distance[:POWER], economic, knn:K, or a product of these joined by *",
    )
    by: str | None = Field(None, description="variable whose mean by city makes economic distance")


class Study(Declaration):
    """A study: sample, variables, analyses, exhibits. Formulas are parsed, never evaluated."""

    title: Text
    paper: Text | None = Field(None, description="the paper's reference, as it is cited in the replication package")
    world: Literal[WORLDS] | None = Field(  # type: ignore[valid-type]
        None, description="simulated raw files read where `raw` is `sample`; default: the study's own, or the first"
    )
    sample: StudySample
    variables: dict[Identifier, Variable] = Field(min_length=1)
    macros: dict[Identifier, str] = Field({}, description="texts that formulas insert by ..name")
    weights: dict[Identifier, Weights] = Field({}, description="matrices that spatial analyses name as option w")
    analyses: dict[Identifier, Analysis] = Field(min_length=1)
    exhibits: dict[Identifier, Exhibit] = {}
    labels: dict[str, Text] = Field({}, description="labels of terms that are no variables")
