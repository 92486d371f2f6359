"""Files, web pages and standard input, read as documents."""
