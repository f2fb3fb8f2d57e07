"""JSON Schemas of what users declare, made from the models: `python -m citypanel.declare.schema DIR`."""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from citypanel.declare.config import Config
from citypanel.declare.study import Study
from citypanel.declare.validation import Validation

SCHEMAS: dict[str, type[BaseModel]] = {
    "config.schema.json": Config,
    "study.schema.json": Study,
    "validation.schema.json": Validation,
}


def schema_text(model: type[BaseModel]) -> str:
    """Return a model's JSON Schema as the text that is committed."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_schemas(folder: Path) -> None:
    """Write every schema into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in SCHEMAS.items():
        (folder / name).write_text(schema_text(model), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
