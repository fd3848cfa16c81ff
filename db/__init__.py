"""The data layer: tables by area, and the engine, which compiles reads, checks rights and writes records."""
