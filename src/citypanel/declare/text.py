"""Texts that readers see, in both languages."""

from pydantic import BaseModel, ConfigDict, Field


class Text(BaseModel):
    """The same text in English and Chinese; neither may be missing or empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)
