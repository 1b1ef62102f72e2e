import pytest

from parcel.split import split


def test_what_fits_goes_together():
    assert split([2, 3], 5) == [[2, 3]]


def test_things_keep_their_order():
    assert split([4, 3, 1, 2], 5) == [[4, 1], [3, 2]]


def test_nothing_is_lost():
    assert sorted(w for parcel in split([5, 4, 3, 2, 1], 6) for w in parcel) == [1, 2, 3, 4, 5]


def test_too_heavy_is_refused():
    with pytest.raises(ValueError):
        split([7], 6)


def test_no_things_need_no_parcel():
    assert split([], 6) == []


def test_no_parcel_is_too_heavy():
    assert all(sum(parcel) <= 6 for parcel in split([4, 4, 4], 6))
