"""The one way out of a set-up: an allow-list proxy to package registries."""
