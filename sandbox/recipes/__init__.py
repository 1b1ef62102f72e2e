"""One file per convention: how a kind of repository is installed and tested.

A finder reads a workspace and returns a `Recipe`, or a sentence that says why it has none. It never runs
anything. To teach Pennyfix another language, write a finder and add it to `sandbox.recipes.discovery.LANGUAGES`.
"""
