"""The strategies: each proposes attempts, cheapest hope first."""
