# Production break-fix: two hours, an incident, the on-call lead decides.

alice asks for AdministratorAccess on 400000000032 for 2h because "Database failover of the ledger"
the request is pending
kim may not see it
alice may not approve it: self_approval
bob claims it
bob approves it
the request becomes active
AWS has it
90 minutes pass
the request is active
30 minutes pass
the request becomes ended
AWS has it no more
bob reviews it
