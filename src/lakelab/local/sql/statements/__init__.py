"""One module for each family of statements."""
