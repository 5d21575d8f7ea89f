"""Venues of our own: servers that speak a venue's real wire on loopback and judge the client strictly."""
