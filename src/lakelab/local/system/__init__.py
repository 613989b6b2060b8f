"""Folders, processes and ports: modules that need nothing but the operating system."""
