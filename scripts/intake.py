"""Read the raw files of one kind into a canonical table."""
