"""Which tests are nearest to a patch, and what they see of it."""
