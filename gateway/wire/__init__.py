"""Structs of requests and answers; they import nothing of ours, so the client can be published alone."""
