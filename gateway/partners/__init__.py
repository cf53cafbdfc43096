"""Deeds on a merchant that reach past its floor's rooms: who is let in, and what that gives access to.

Each is one transaction of the caller's; nothing here retries.
"""
