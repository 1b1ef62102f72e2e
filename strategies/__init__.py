"""How cheap and dear models share one issue.

Models and metering, localization, edits, the agent loop, verification, the strategies and the study.
This package refuses to know GitHub, queues and Docker; below it there is only `sandbox`.
"""
