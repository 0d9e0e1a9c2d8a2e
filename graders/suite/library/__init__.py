"""What several katas need: access matrices, response differences, secret scans, OpenAPI documents."""
