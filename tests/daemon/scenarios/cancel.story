# The requester thinks again: before it is decided, and before it begins.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob may not cancel it: not_allowed
kim may not cancel it: not_found
alice cancels it
the request is cancelled
bob may not approve it: already_decided

alice asks for AdministratorAccess on 400000000032 for 1h beginning in 2h because "Failover in the maintenance window"
bob approves it
the request is scheduled
alice cancels it
the request is cancelled
130 minutes pass
the request is cancelled
AWS has it no more
