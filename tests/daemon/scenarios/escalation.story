# Nobody decides: approvers are reminded every half an hour, and after an hour others may decide too.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
liam may not see it
31 minutes pass
it is told of once
it is with nobody else
30 minutes pass
it is told of 2 times
it is with others now
liam approves it
the request becomes active
