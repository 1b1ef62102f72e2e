import pytest

from parcel.weight import parse_weight, show_weight


def test_grams_and_kilograms_are_read():
    assert parse_weight("750 g") == 750
    assert parse_weight("1.5 kg") == 1500


def test_anything_else_is_refused():
    for text in ("", "heavy", "3 stone", "kg 3"):
        with pytest.raises(ValueError):
            parse_weight(text)


def test_a_weight_is_positive():
    with pytest.raises(ValueError):
        parse_weight("0 g")


def test_weights_are_shown_for_people():
    assert show_weight(750) == "750 g"
    assert show_weight(1500) == "1.5 kg"
