"""The demo: a stand-in for api.github.com, scripted models, and the real Pennyfix between them."""
