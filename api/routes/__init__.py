"""The addresses of the service, grouped by what they are about."""
