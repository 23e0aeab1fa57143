# Nobody decides: after three hours it is over, and nobody can decide it any more.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
170 minutes pass
the request is pending
10 minutes pass
the request becomes expired
bob may not approve it: expired
bob may not reject it: expired
alice may not cancel it: already_decided
AWS has it no more
