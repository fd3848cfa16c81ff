"""The set-up has no owners: who may see stages, types and attributes sees all of them."""
