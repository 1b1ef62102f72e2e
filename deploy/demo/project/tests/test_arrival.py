from datetime import date

from parcel.arrival import arrival, promise

MONDAY = date(2026, 3, 2)


def test_within_a_week_days_are_counted():
    assert arrival(MONDAY, 1) == date(2026, 3, 3)
    assert arrival(MONDAY, 4) == date(2026, 3, 6)


def test_no_working_day_is_the_same_day():
    assert arrival(MONDAY, 0) == MONDAY


def test_near_countries_take_two_days():
    assert promise(MONDAY, "near") == date(2026, 3, 4)
