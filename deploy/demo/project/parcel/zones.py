"""Where a parcel goes: zones by country."""

ZONES = {
    "home": {"DE"},
    "near": {"AT", "BE", "CZ", "DK", "FR", "LU", "NL", "PL"},
    "europe": {"ES", "FI", "GR", "IE", "IT", "PT", "SE"},
}


def zone_of(country):
    """The zone of a two-letter country code; `world` for all that have none."""
    code = country.strip().upper()
    return next((zone for zone, countries in ZONES.items() if code in countries), "world")
