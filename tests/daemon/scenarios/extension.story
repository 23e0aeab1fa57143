# It takes longer: an hour more, decided anew, without a gap; done ends both.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
30 minutes pass
alice extends it by 1h because "The replica is still catching up"
the request is pending
carol approves it
the request is scheduled
31 minutes pass
the request becomes active
AWS has it
alice is done with it
the request becomes ended
AWS has it no more
