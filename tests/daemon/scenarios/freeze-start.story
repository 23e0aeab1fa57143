# A start that falls due while all is frozen waits, and its window does not.

alice asks for AdministratorAccess on 400000000032 for 2h beginning in 1h because "Failover in the maintenance window"
bob approves it
ivy freezes everything
90 minutes pass
the request is scheduled
AWS has it no more
gita unfreezes everything
the request becomes active
AWS has it
90 minutes pass
the request becomes ended
AWS has it no more
