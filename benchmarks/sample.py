"""CPU seconds, memory and size of every simulated world, and of 20 million customs rows (`full`).

python benchmarks/sample.py [PRESET ...]
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from citypanel.sample import STUDIES, write_sample

GOALS = {"tiny": 3.0, "default": 20.0, "full": 150.0}  # CPU seconds: tiny each, default in total, full per 20 million


def rows_of(folder: Path) -> dict[str, int]:
    """Return the raw rows of each kind of file, as the truth file counts them."""
    rows: dict[str, int] = {}
    files = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["files"]
    for name, counts in files.items():
        kind = name.split("/")[0]
        own = counts.get("rows", sum(c["rows"] for c in counts.values() if isinstance(c, dict)))
        rows[kind] = rows.get(kind, 0) + own
    return rows


def measured(study: str, preset: str) -> dict[str, object]:
    """Write one sample in this process and return what it took."""
    with tempfile.TemporaryDirectory() as room:
        start = time.process_time()
        write_sample(Path(room) / "raw", preset, 20112020, study=study)
        seconds = time.process_time() - start
        size = sum(path.stat().st_size for path in (Path(room) / "raw").rglob("*") if path.is_file())
        return {
            "study": study,
            "preset": preset,
            "cpu_seconds": round(seconds, 1),
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "disk_mb": size // 1_000_000,
            **rows_of(Path(room) / "raw"),
        }


def main(presets: list[str]) -> None:
    """Measure each world in a process of its own, so that memory is its own."""
    for preset in presets or ["tiny", "default"]:
        total = 0.0
        for study in STUDIES:
            code = f"import sample; print(sample.json.dumps(sample.measured({study!r}, {preset!r})))"
            done = subprocess.run(
                [sys.executable, "-c", code],
                cwd=Path(__file__).parent,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
                check=True,
            )
            print(done.stdout.strip())
            total += float(json.loads(done.stdout)["cpu_seconds"])
        print(f"{preset}: {total:.1f} CPU seconds in total; goal {GOALS[preset]:g}")


if __name__ == "__main__":
    main(sys.argv[1:])
