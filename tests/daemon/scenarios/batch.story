# Several accounts in one ask: all of them are filed or none is, and each is decided by itself.

alice asks for AdministratorAccess on 400000000032 and 700000000061 for 1h because "Failover of ledger and billing": not_eligible
alice asks for AdministratorAccess on 400000000032 and 400000000033 for 1h because "Failover of ledger and shop"
it is one of 2 in its batch
the request is pending
alice may not approve it: self_approval
bob approves it
the request becomes active
AWS has it
