"""One module for each kind of file; `detect` tells them apart."""
