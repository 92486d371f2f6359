"""Reading as the measure: blind sheets for readers, their verdicts, and what they come to."""
