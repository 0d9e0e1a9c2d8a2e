"""Records in, text out: terminal, HTML, JSON, JUnit. No judgement here."""
