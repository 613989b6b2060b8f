"""A model behind an endpoint."""
