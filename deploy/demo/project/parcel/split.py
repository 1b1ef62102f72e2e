"""Which things go into which parcel."""


def split(weights, limit):
    """Parcels, each a list of weights that together are no more than `limit`.

    Things keep their order within a parcel. Raises ValueError for a thing that fits into no parcel.
    """
    parcels = []
    for weight in weights:
        if weight > limit:
            raise ValueError(f"{weight} g is more than one parcel may weigh")
        for parcel in parcels:
            if sum(parcel) + weight <= limit:
                parcel.append(weight)
                break
        else:
            parcels.append([weight])
    return parcels
