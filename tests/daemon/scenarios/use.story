# Approved, and now? The requester is told the console and the profile, while the access lasts, and nobody else is.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
alice may not use it: already_decided
bob approves it
the request becomes active
alice uses it
bob may not use it: not_allowed
liam may not use it: not_found
alice is done with it
the request becomes ended
alice may not use it: already_decided
