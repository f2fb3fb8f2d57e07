"""Stage ledger: printed numbers against ours, and against each other (the audit)."""
