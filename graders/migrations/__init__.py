"""Migrations executed on a throwaway PostgreSQL while another session reads and writes."""
