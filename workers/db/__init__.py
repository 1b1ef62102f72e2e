"""The database: connections, tables, and the small things that both databases must do alike."""
