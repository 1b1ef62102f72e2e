"""When a parcel arrives."""

from datetime import timedelta

TRANSIT = {"home": 1, "near": 2, "europe": 4, "world": 9}
SATURDAY = 5


def arrival(day, workdays):
    """The day that is `workdays` working days after `day`. Nothing is delivered at weekends."""
    return day + timedelta(days=workdays)


def promise(day, zone):
    """The day we promise for a parcel posted on `day`."""
    return arrival(day, TRANSIT[zone])
