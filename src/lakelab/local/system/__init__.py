"""What stands on the operating system alone: folders, processes, ports."""
