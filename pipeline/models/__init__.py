"""What a model is to the rest of the package, and one package or module for each provider."""
