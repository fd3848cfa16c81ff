"""Live lists: a feed per tenant follows the change log, shared subscriptions hold the records, sockets send the messages."""
