"""Tenants: catalog look-up, provisioning, migrations, backup and restore, and demonstration data."""
