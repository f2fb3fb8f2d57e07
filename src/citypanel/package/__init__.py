"""The replication package: what a study's results rest on, what of it may leave, and the deposit made of it."""
