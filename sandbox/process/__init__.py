"""Plain child processes: no isolation, for trusted code only."""
