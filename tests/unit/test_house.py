"""The house of docs/architecture.md: three floors, no arrow upwards, rooms of a size one can overlook."""

import ast
import re
from pathlib import Path

import pytest

from citypanel.fingerprint import PACKAGE, SOURCE, closure

STAGES = ("intake", "indicators", "panel", "estimate", "exhibits", "ledger", "package", "sample")
TOP = ("cli", "commands", "__main__")
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_SCRIPT, LONGEST_RULES, LONGEST_COMMON = 400, 40, 30, 250, 150


def modules(project: Path) -> dict[str, Path]:
    source = project / "src"
    return {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((source / PACKAGE).rglob("*.py"))
    }


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imported(module: str, name: str) -> str:
    """`from a import b` imports the module a.b where there is one, else a."""
    deeper = f"{module}.{name}"
    stem = SOURCE.joinpath(*deeper.split("."))
    return deeper if stem.with_suffix(".py").is_file() or (stem / "__init__.py").is_file() else module


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide what is imported"
            found |= {imported(node.module or "", alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] == PACKAGE}


def test_stages_meet_in_files_and_never_import_one_another(project: Path) -> None:
    for module, path in modules(project).items():
        mine = room(module)
        for name in imports(path):
            other = room(name)
            if mine in STAGES:
                assert other not in TOP, f"{module} imports {name}: no arrow upwards"
                assert other not in STAGES or other == mine, f"{module} imports {name}: stages meet in files"
            elif mine not in TOP:
                assert other not in (*STAGES, *TOP), f"{module} imports {name}: the ground floor imports no stage"


def test_no_module_imports_itself_in_a_circle(project: Path) -> None:
    known = modules(project)
    edges = {module: {name for name in imports(path) if name in known} for module, path in known.items()}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, f"circle: {' -> '.join((*above, module))}"
        if module not in done:
            for other in sorted(edges[module]):
                visit(other, (*above, module))
            done.add(module)

    for module in known:
        visit(module, ())


def test_modules_and_functions_have_a_size_one_can_overlook(project: Path) -> None:
    for path in modules(project).values():
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= LONGEST_MODULE, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = node.body[0]
                documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = (first.end_lineno or first.lineno) if documented else node.lineno
                length = (node.end_lineno or node.lineno) - start
                assert length <= LONGEST_FUNCTION, f"{path}: {node.name} has {length} lines"


def test_scripts_are_thin_and_rule_files_short(project: Path) -> None:
    for path in (project / "scripts").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_SCRIPT, path
    for path in (project / "rules").glob("*.smk"):
        limit = LONGEST_COMMON if path.name == "common.smk" else LONGEST_RULES
        assert len(path.read_text(encoding="utf-8").splitlines()) <= limit, path
    assert len((project / "Snakefile").read_text(encoding="utf-8").splitlines()) <= 60


def rule_blocks(project: Path) -> dict[str, str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((project / "rules").glob("*.smk")))
    # A rule written once for each world or study is named `<rule>_{world}`.
    text = re.sub(r'^    rule:\n +name:\n +f"(\w+)_\{(?:world|study)\}"$', r"rule \1:", text, flags=re.MULTILINE)
    pieces = re.split(r"^rule (\w+):$", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def test_every_script_rule_has_its_script_and_carries_a_fingerprint(project: Path) -> None:
    scripts = set()
    for name, block in rule_blocks(project).items():
        found = re.search(r'"\.\./scripts/(\w+)\.py"', block)
        if found is None:
            continue
        scripts.add(found[1])
        assert found[1] == name, f"rule {name} runs scripts/{found[1]}.py; one name for both"
        assert re.search(r"^\s+code=", block, re.MULTILINE), f"rule {name} has no `code=` in its params"
        for directive in ("log:", "benchmark:", "message:", "threads:", "resources:", "conda:"):
            assert directive in block, f"rule {name} lacks {directive}"
    assert scripts == {path.stem for path in (project / "scripts").glob("*.py")}


def test_every_script_runs_as_a_job_that_leaves_a_receipt(project: Path) -> None:
    for path in (project / "scripts").glob("*.py"):
        assert "with job(snakemake):" in path.read_text(encoding="utf-8"), f"{path}: its work stands in job(snakemake)"


def test_scripts_compute_nothing(project: Path) -> None:
    for path in (project / "scripts").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            arithmetic = isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Div, ast.BitOr))
            assert not arithmetic, f"{path}: a number is computed in a script"
            assert not isinstance(node, (ast.FunctionDef, ast.ClassDef)), f"{path}: functions live in the library"


@pytest.mark.parametrize("heavy", ["statsmodels", "linearmodels", "matplotlib", "duckdb", "networkx", "openpyxl"])
def test_the_ground_floor_and_linear_import_nothing_heavy(project: Path, heavy: str) -> None:
    for module in closure("citypanel.estimate.linear", "citypanel.declare.load", "citypanel.cli"):
        path = modules(project)[module]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        names = [alias.name for node in top for alias in node.names] + [
            getattr(node, "module", "") or "" for node in top
        ]
        assert all(name.split(".")[0] != heavy for name in names), f"{module} imports {heavy} when it is loaded"
