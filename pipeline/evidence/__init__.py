"""A summary held against its source: facts, review of answers, where a sentence comes from."""
