"""Receives signed deliveries and serves the pages for people.

This package refuses to know what solving means: it never imports litellm, docker, strategies or sandbox.
"""
