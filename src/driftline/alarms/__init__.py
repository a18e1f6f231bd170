"""From numbers to decisions: one verdict per window, within a false-alarm budget."""
