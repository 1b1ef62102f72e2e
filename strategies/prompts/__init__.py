"""Everything that is said to a model: the prompt files, and how they are filled."""
