# A change at an agreed hour: approved now, given then, and not before.

alice asks for AdministratorAccess on 400000000032 for 1h beginning in 2h because "Failover in the maintenance window"
bob approves it
the request is scheduled
AWS has it no more
alice may not use it: already_decided
110 minutes pass
the request is scheduled
AWS has it no more
10 minutes pass
the request becomes active
it lasts 1h
AWS has it
60 minutes pass
the request becomes ended
AWS has it no more
