# Who leaves the group loses what they have by it, as soon as the directory says so.

the directory is read every second
alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
alice leaves oncall
the request becomes revoked
it says "eligibility_lost"
AWS has it no more
alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger": not_eligible
