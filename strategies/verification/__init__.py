"""What executed tests say about a patch."""
