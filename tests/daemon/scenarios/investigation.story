# A security investigation: what is suspicious ends at once, nothing new begins, and the investigator leaves a trail.

alice asks for AdministratorAccess on 400000000032 for 2h because "Database failover of the ledger"
bob approves it
the request becomes active
alice may not freeze everything: not_allowed
ivy freezes everything and ends what is live
the request becomes revoked
AWS has it no more
alice asks for PowerUserAccess on 400000000032 for 1h because "One more look at the ledger": frozen
ivy may not unfreeze everything: not_allowed
gita unfreezes everything
ivy reviews it
ivy asks for PowerUserAccess on 400000000032 for 1h because "Reading the trail of the incident"
the request is pending
ivy may not approve it: self_approval
carol approves it
the request becomes active
AWS has it
ivy is done with it
the request becomes ended
AWS has it no more
ivy may not review it: self_approval
carol reviews it
