"""From asked-for to SQL: what is asked for, and the one statement that answers it."""
