"""Model serving: an endpoint for a model, in this process."""
