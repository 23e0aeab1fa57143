# Half an hour and a quarter of an hour before the end it is told, each time once.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
25 minutes pass
its end is not told yet
6 minutes pass
its end is told once
5 minutes pass
its end is told once
10 minutes pass
its end is told 2 times
5 minutes pass
its end is told 2 times
10 minutes pass
the request becomes ended
its end is told 2 times
