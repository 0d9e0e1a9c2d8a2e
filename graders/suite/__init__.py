"""The hidden suite: its own process, what its checks may ask for, and how it reports."""
