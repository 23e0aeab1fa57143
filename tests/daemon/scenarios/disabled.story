# Who is disabled loses everything at once; who comes back has nothing of it, and asks again.

the directory is read every second
alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
alice is disabled
the request becomes revoked
AWS has it no more
alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger": unknown_identity
alice is enabled again
AWS has it no more
alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
the request is pending
