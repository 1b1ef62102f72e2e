"""What recorded outcomes say a chain of models or a plan would have earned."""
