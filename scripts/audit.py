"""Audit a study's printed tables and claims against each other."""

from pathlib import Path
from typing import TYPE_CHECKING

from citypanel.ledger.audit import audit_folder
from citypanel.ledger.report import write_audit
from citypanel.reporting import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    with job(snakemake):
        findings = audit_folder(Path(snakemake.input.printed[0]).parent)
        write_audit(findings, Path(snakemake.output.table).parent)
