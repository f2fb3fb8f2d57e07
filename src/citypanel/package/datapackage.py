"""The codebook as files: `datapackage.json` (Frictionless) for machines, `CODEBOOK.csv` for readers."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from citypanel.package.codebook import FIELDS, TABULAR, Field
from citypanel.receipts import sha256

LICENCES = {
    "CC-BY-4.0": ("Creative Commons Attribution 4.0 International", "https://creativecommons.org/licenses/by/4.0/"),
    "CC-BY-NC-4.0": (
        "Creative Commons Attribution-NonCommercial 4.0 International",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    ),
    "CC0-1.0": ("Creative Commons Zero 1.0 Universal", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "ODbL-1.0": ("Open Data Commons Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
    "MIT": ("MIT License", "https://opensource.org/license/mit"),
}
# Of data in a package; the last is what the sample is simulated from.
PLACES = ("results/", "registers/", "studies/", "data/", "raw/", "benchmarks/", "src/citypanel/sample/data/")
_MEDIA = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet"}


def is_data(path: str) -> bool:
    """Return whether a file of the package is a data file that the codebook describes."""
    return path.endswith(TABULAR) and path.startswith(PLACES)


def resources(folder: Path, described: Mapping[str, Sequence[Field]]) -> list[dict[str, Any]]:
    """Return a Frictionless resource for each data file, with hash, size and Table Schema."""
    return [
        {
            "name": re.sub(r"[^a-z0-9._-]+", "-", path.lower()),
            "path": path,
            "profile": "tabular-data-resource",
            "format": Path(path).suffix[1:],
            "mediatype": _MEDIA[Path(path).suffix],
            "encoding": "utf-8",
            "bytes": (folder / path).stat().st_size,
            "hash": f"sha256:{sha256(folder / path)}",
            "schema": {"fields": [field.schema() for field in fields], "missingValues": [""]},
        }
        for path, fields in sorted(described.items())
    ]


def datapackage(title: str, version: str, licence: str, listed: Sequence[dict[str, Any]]) -> str:
    """Return `datapackage.json`."""
    name, url = LICENCES[licence]
    document = {
        "profile": "data-package",
        "name": "citypanel-replication",
        "title": title,
        "version": version,
        "licenses": [{"name": licence, "path": url, "title": name}],
        "resources": list(listed),
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def codebook_csv(described: Mapping[str, Sequence[Field]]) -> str:
    """Return the codebook as one table: a line a column, in both languages."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(FIELDS)
    for path, fields in sorted(described.items()):
        for field in fields:
            meaning = field.meaning
            writer.writerow(
                [
                    path,
                    field.name,
                    field.type,
                    meaning.unit.en if meaning and meaning.unit else "",
                    meaning.unit.zh if meaning and meaning.unit else "",
                    "" if field.minimum is None else repr(field.minimum),
                    "" if field.maximum is None else repr(field.maximum),
                    "|".join(field.levels),
                    "" if field.type == "array" else field.distinct,
                    field.missing,
                    field.source,
                    meaning.text.en if meaning else "",
                    meaning.text.zh if meaning else "",
                ]
            )
    return target.getvalue()
