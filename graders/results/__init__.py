"""What a run says: verdicts, the grade, and its document. Pure and serialisable."""
