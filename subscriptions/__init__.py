"""Live updates: publishes changes from the change log to subscribers. Access is decided elsewhere."""
