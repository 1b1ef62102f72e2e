"""Weights, kept in whole grams."""

UNITS = {"g": 1, "kg": 1000}


def parse_weight(text):
    """Grams in a text such as `750 g` or `1.5 kg`. Raises ValueError for anything else."""
    parts = text.split()
    if len(parts) != 2 or parts[1] not in UNITS:
        raise ValueError(f"not a weight: {text!r}")
    grams = round(float(parts[0]) * UNITS[parts[1]])
    if grams <= 0:
        raise ValueError(f"a weight must be positive: {text!r}")
    return grams


def show_weight(grams):
    """The weight for people."""
    return f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams} g"
