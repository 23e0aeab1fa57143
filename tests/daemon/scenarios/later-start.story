# Yes, but not now: an approver gives it a start, and it is a window from then on.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it beginning in 1h
the request is scheduled
it has the vote of bob
AWS has it no more
50 minutes pass
the request is scheduled
10 minutes pass
the request becomes active
it lasts 1h
60 minutes pass
the request becomes ended
AWS has it no more
