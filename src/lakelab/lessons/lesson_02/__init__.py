"""What belongs to lesson 02 beside its notebook."""
