"""How news is told: from the change log to those who listen, without choosing who may see."""
