"""The lower bound of cost: hand-written SQL behind a minimal HTTP server."""
