"""Who is measured: how each is started, asked, and read."""
