"""The measured servers: how each is started, queried, and its responses are read."""
