"""Sandboxes as Linux namespaces, by bubblewrap."""
