"""Statements over time: recordings, transactions, requests, repetition, growth."""
