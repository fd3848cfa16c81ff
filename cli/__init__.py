"""The command line: a module for each group of commands, and the servers that it starts."""
