"""The Delta log: read, write, repeat and revert commits, and merge rows."""
