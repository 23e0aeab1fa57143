# Approved for later, and looked at again when its time has come: who has left the group by then gets nothing.

alice asks for AdministratorAccess on 400000000032 for 1h beginning in 2h because "Failover in the maintenance window"
bob approves it
alice leaves oncall
# The copy of the directory does not know; when she asks again it is old, and AWS is asked about her.
10 minutes pass
alice asks for PowerUserAccess on 400000000032 for 1h because "One more look at the ledger": not_eligible
the request is scheduled
110 minutes pass
the request becomes withdrawn
it says "no longer fits"
AWS has it no more
