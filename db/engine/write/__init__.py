"""The write side: locks and writes records, and their history and change log. It contains no business rules."""
