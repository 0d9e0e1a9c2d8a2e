"""One verb a file: a plain function in, an exit code out."""
