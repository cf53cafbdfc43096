"""The bank's own console, on the operators' listener: review, co-sign, watch, look things up.

`entrance` lets the bank's people in, by the bank's identity provider or, in a sandbox, by a key; `office` says who is
here and how a deed ends; every other file is the pages of one subject. What is pressed is an operation of
`gateway.api`, done with the visitor's own roles: who may, and that two people are two, the floors below decide.
"""
