# Two people, and not one of them twice.

alice asks for DatabaseAdmin on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
bob may not approve it: already_voted
alice may not approve it: self_approval
hugo may not approve it: not_allowed
it has the vote of bob
the request is pending
AWS has it no more
mona approves it
it has the votes of bob and mona
the request becomes active
AWS has it
carol may not approve it: already_decided
