"""The Spark session over Sail."""
