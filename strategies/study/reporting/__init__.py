"""A study as figures, tables, pictures and sentences."""
