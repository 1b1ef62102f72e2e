"""Turns a Job into a pull request or an honest comment.

The database (deliveries, jobs, leases, ledger), the queue, the GitHub client and the texts.
This package refuses to know how a fix is found.
"""
