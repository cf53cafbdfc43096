"""How somebody becomes a merchant.

Who plays: the applicant fills a draft and submits it (`application`), which passes when the pre-check
(`precheck`) finds nothing; one operator takes the case, a second approves it (`review`), which makes the
merchant. Every change of state adds an audit row, and an event where the applicant wants to know (`events`),
in its own transaction. Nothing here retries: a caller whose transaction fails repeats the call.
"""
