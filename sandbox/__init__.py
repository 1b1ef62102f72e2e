"""Runs commands nobody trusts: checkouts, environments, test runs and their reports.

This package refuses to know GitHub, models and queues. Everything above imports from here;
nothing here imports from above.
"""
