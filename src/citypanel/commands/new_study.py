"""`citypanel new-study NAME`: a commented declaration that validates and runs on the sample as it stands."""

import argparse
import re
from pathlib import Path

from citypanel.errors import DeclarationError, InputError

EXAMPLE = """example:
  citypanel new-study my_study
  snakemake --cores all --config studies=my_study"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Declare name and folder."""
    command.epilog = EXAMPLE
    command.add_argument("name", metavar="NAME", help="lower-case letters, digits and _")
    command.add_argument("--folder", type=Path, default=Path("studies"), metavar="DIR", help="default: studies")


def run(arguments: argparse.Namespace) -> None:
    """Write `FOLDER/NAME/study.yaml`; an existing study is never touched."""
    from citypanel.atomic import written_beside
    from citypanel.templating import environment

    name = arguments.name
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise DeclarationError(f"name '{name}': lower-case letters, digits and _ are allowed, a letter first")
    path = arguments.folder / name / "study.yaml"
    if path.exists():
        raise InputError(f"{path} is there already; choose another name or remove it")
    text = environment(autoescape=False).get_template("study.yaml.jinja").render(name=name)
    try:
        with written_beside(path) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    print(f"{path}: run it with  snakemake --cores all --config studies={name}")
