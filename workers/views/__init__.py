"""What the pages, the command line and /metrics show, read from the database. Nothing here writes."""
