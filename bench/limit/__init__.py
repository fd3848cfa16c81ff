"""What is possible at all: hand-written SQL behind the smallest server."""
