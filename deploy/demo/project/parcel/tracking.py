"""Tracking numbers: eleven digits and a check digit."""

WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7, 1, 8, 6)


def check_digit(digits):
    """The digit that guards eleven others."""
    rest = sum(int(d) * w for d, w in zip(digits, WEIGHTS, strict=True)) % 11
    return {0: 5, 1: 0}.get(rest, 11 - rest)


def is_valid(number):
    """Whether a tracking number is right."""
    return len(number) == 12 and number.isdecimal() and int(number[-1]) == check_digit(number[:-1])
