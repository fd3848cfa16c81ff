"""Which tenant, where it lives, and its life: provisioning and migrations."""
