"""What can be done at the command line, a module for each kind of person; none imports more than it needs to begin."""
