"""The write benchmark, against hand-written SQL with the same effects."""
