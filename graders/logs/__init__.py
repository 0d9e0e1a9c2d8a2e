"""Readers of PostgreSQL's logs: files in any of its formats in, a stream of statements out."""
