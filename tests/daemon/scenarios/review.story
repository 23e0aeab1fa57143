# Access that is over waits for somebody else's look, once.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
61 minutes pass
the request becomes ended
alice may not review it: self_approval
kim may not review it: not_found
hugo reviews it
bob may not review it: already_decided
