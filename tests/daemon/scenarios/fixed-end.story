# Until an hour of the clock: whoever decides late makes it shorter.

alice asks for AdministratorAccess on 400000000032 ending in 2h because "Until the maintenance window closes"
alice asks for AdministratorAccess on 400000000032 ending in 5h because "Until the maintenance window closes": over_cap
30 minutes pass
bob approves it
the request becomes active
80 minutes pass
the request is active
AWS has it
10 minutes pass
the request becomes ended
AWS has it no more
