"""What goes over the wire to a provider and back, and what it means. Only the exchange itself does any I/O."""
