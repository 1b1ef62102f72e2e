"""Jobs as rows: asked for, leased, ended, and what came of them."""
