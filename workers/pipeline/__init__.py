"""One leased job, from the first look at GitHub to the last word on the issue."""
