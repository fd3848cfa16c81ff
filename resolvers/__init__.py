"""Does what callers ask: one function for each deed; it neither speaks GraphQL nor stores rows."""
