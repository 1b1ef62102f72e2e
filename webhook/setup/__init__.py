"""`pennyfix setup`: the pages on which GitHub makes the App."""
