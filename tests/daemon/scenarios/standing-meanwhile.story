# Somebody gives it by hand while it waits for its hour: then there is nothing to give, and nothing to take away.

alice asks for AdministratorAccess on 400000000032 for 1h beginning in 2h because "Failover in the maintenance window"
bob approves it
the request is scheduled
somebody gives alice AdministratorAccess on 400000000032 by hand
120 minutes pass
the request becomes failed
it says "standing"
AWS has AdministratorAccess on 400000000032 for alice
