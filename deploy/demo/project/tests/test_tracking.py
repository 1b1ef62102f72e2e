from parcel.tracking import check_digit, is_valid


def test_the_check_digit():
    assert check_digit("00340434161") == 4


def test_a_right_number():
    assert is_valid("003404341614")


def test_wrong_numbers():
    assert not is_valid("003404341617")
    assert not is_valid("00340434161")
    assert not is_valid("00340434161X")
