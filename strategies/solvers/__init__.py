"""How one model makes one patch: in one answer (repair), or step by step (agent)."""
