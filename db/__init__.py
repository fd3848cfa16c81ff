"""What is kept: tables per area, the one door to them, and the planner from asked-for to SQL."""
