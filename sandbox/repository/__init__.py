"""A repository at one commit, as data: mirrors, trees, patches and their rules. Nothing is checked out on the host."""
