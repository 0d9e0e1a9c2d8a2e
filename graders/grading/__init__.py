"""The order of events when a submission is judged."""
