"""Raw files in, canonical tables out; every row that is dropped or repaired is counted."""
