"""What a parcel weighs, where it goes, what it costs and when it arrives."""
