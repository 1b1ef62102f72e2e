"""The door to language models: calls, tokens, prices, metering."""
