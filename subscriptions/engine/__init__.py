"""Live lists: a feed per tenant follows the log, groups hold what was told, sockets tell it."""
