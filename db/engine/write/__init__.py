"""What changes records: locks them, writes them, and notes what was done; it decides nothing."""
