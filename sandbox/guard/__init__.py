"""What a patch could do to the tests that judge it: rewrite them, reconfigure them, hide them, or know of them.

Everything here is decided from the base commit and the patch, as text; nothing is run. What could make tests say
what is not so is judged as it was at the base commit, or refused, or told to people as a doubt.
"""
