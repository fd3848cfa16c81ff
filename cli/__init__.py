"""The command line, a module for each group of commands, and the servers it starts for local use."""
