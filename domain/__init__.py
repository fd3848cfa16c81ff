"""What things mean: rules and words as plain functions and frozen values. No clock, no session, no await."""
