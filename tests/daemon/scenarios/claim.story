# Whoever looks at it says so; who forgets it is in nobody's way for long.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
alice may not claim it: self_approval
bob claims it
it is claimed by bob
carol may not claim it: duplicate
11 minutes pass
it is claimed by nobody
carol claims it
it is claimed by carol
carol unclaims it
it is claimed by nobody
bob claims it
# A claim keeps nobody from deciding.
carol approves it
the request becomes active
it is claimed by nobody
