# A vote is for what was read, or for less of it. Two of bob, carol and mona have to agree.

alice asks for DatabaseAdmin on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
# Shorter: bob would have agreed to that as well.
carol approves it for 30m
it has the votes of bob and carol
the request becomes active
it lasts 30m
alice is done with it
the request becomes ended

alice asks for DatabaseAdmin on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
# Longer: bob has not agreed to that.
carol approves it for 2h
it has the vote of carol
the request is pending
AWS has it no more
bob approves it
it has the votes of carol and bob
the request becomes active
it lasts 2h
