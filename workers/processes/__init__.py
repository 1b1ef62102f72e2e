"""What runs as a process: the receiver's neighbours on one machine, workers, the sweeper, the broker."""
