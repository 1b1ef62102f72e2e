import pytest

from parcel.money import share, show_cents
from parcel.tariff import price
from parcel.zones import zone_of


def test_a_small_parcel_at_home():
    assert price(800, "DE") == 449


def test_farther_is_dearer():
    assert price(800, "DE") < price(800, "FR") < price(800, "ES") < price(800, "NZ")


def test_too_heavy_is_refused():
    with pytest.raises(ValueError):
        price(40_000, "DE")


def test_unknown_countries_are_the_world():
    assert zone_of("nz") == "world"
    assert zone_of(" at ") == "near"


def test_nothing_is_lost_when_sharing():
    assert share(1000, 3) == [334, 333, 333]


def test_amounts_are_shown_for_people():
    assert show_cents(449) == "4.49 EUR"
    assert show_cents(-5) == "-0.05 EUR"
