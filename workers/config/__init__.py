"""What the operator and the repository may set, read and refused in words."""
