"""GraphiQL: building it from its sources, and serving it. Independent of the rest of the application."""
