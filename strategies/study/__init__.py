"""The study: recorded and executed comparisons of strategies and models, cost against resolution."""
