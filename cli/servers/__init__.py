"""A local Postgres and Valkey in a data directory, started when no URLs of other servers are configured."""
