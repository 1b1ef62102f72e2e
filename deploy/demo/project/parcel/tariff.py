"""What a parcel costs, in cents, by zone and weight."""

from parcel.zones import zone_of

LIMIT = 31_500
STEPS = ((1000, 449), (2000, 549), (5000, 699), (10_000, 949), (LIMIT, 1649))
FACTORS = {"home": 100, "near": 180, "europe": 220, "world": 410}


def price(grams, country):
    """Cents for one parcel. Raises ValueError when it is too heavy."""
    for limit, cents in STEPS:
        if grams <= limit:
            return cents * FACTORS[zone_of(country)] // 100
    raise ValueError(f"{grams} g is more than one parcel may weigh")
