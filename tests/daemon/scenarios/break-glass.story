# Nobody is awake: break-glass is active at once, and somebody else has to close its review.

alice breaks glass for AdministratorAccess on 400000000032 for 1h because "Ledger down and nobody who could approve is awake now"
the request becomes active
it needs a review
bob may not review it: already_decided
bob revokes it
the request becomes revoked
alice may not review it: self_approval
bob reviews it
