"""What a run may decide about reading raw files: which rows are one invention, which records are kept."""

from pydantic import BaseModel, ConfigDict, Field


class IntakeRules(BaseModel):
    """Base of the rules of one kind of raw files."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CustomsRules(IntakeRules):
    """Which of the first cleaning rules apply: a study on values alone may keep rows without a quantity."""

    require_quantity: bool = Field(True, description="rows without a positive quantity leave")
    drop_duplicates: bool = Field(True, description="whole-row duplicates leave")
    keep_reimports: bool = Field(False, description="exports to the exporting country itself stay")
    base_year: int | None = Field(
        None, ge=1980, le=2100, description="prefectures as of this year; default the year of the record"
    )


class PatentRules(IntakeRules):
    """What counts as one invention, one organisation, one place."""

    keep_twins: bool = Field(False, description="the utility model filed beside an invention counts too")
    groups: bool = Field(False, description="subsidiaries count as their parents (registers/organisation_variants.csv)")
    base_year: int | None = Field(None, description="prefectures as of this year; default the year of application")


class Intake(IntakeRules):
    """The rules by kind; what is left out has its default."""

    customs: CustomsRules = CustomsRules()
    patents: PatentRules = PatentRules()


RULES: dict[str, type[IntakeRules]] = {"exports": CustomsRules, "patents": PatentRules}
