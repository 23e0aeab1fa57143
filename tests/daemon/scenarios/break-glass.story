# Nobody is awake: break-glass is active at once, who could have decided and security are told, and somebody else has to
# close its review.

messages go out by mail
alice breaks glass for AdministratorAccess on 400000000032 for 1h because "Ledger down and nobody who could approve is awake now"
bob was told of it
carol was told of it
ivy was told of it
kim was told nothing of it
the request becomes active
it needs a review
bob may not review it: already_decided
bob revokes it
the request becomes revoked
alice may not review it: self_approval
bob reviews it
