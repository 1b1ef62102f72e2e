"""Runs strategies over tasks and keeps what came out."""
