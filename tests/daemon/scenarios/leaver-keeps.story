# The same where policy lets people finish what they have begun: it stays to its end, and nothing new comes.

the directory is read every second
policy says on_lost_eligibility = "keep"
alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
alice leaves oncall
the request is active
AWS has it
alice asks for AdministratorAccess on 400000000033 for 1h because "Failover of the shop as well": not_eligible
60 minutes pass
the request becomes ended
it says "end"
AWS has it no more
