"""What a sentence claims, read clause by clause, and the checks of it against its passage."""
