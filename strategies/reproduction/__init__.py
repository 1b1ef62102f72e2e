"""Tests written from an issue: where each is put, who writes it, and whether it may judge patches."""
