"""An agent: a loop of model and tools in a sandbox, for solving an issue and for writing a test from it."""
