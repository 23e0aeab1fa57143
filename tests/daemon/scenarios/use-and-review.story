# How access is used is said to whom it was given, and afterwards somebody else looks at it.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
alice may not use it: already_decided
bob approves it
the request becomes active
alice uses it
bob may not use it: not_allowed
liam may not use it: not_found
alice is done with it
the request becomes ended
alice may not use it: already_decided
alice may not review it: self_approval
liam may not review it: not_found
bob reviews it
hugo may not review it: already_decided
the trail has request.reviewed
