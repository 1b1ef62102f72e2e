"""Amounts of money, kept in whole cents."""


def show_cents(cents):
    """The amount for people, in euros."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d} EUR"


def share(cents, parts):
    """Divide an amount so that nothing is lost; the first shares are a cent larger."""
    whole, rest = divmod(cents, parts)
    return [whole + (1 if n < rest else 0) for n in range(parts)]
