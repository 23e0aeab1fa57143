# So much of one access in a day, in as many pieces as one likes.

policy says max_per_day = "2h"
alice asks for AdministratorAccess on 400000000032 for 90m beginning tomorrow at 08:00 because "Failover in the maintenance window"
alice asks for AdministratorAccess on 400000000032 for 40m beginning tomorrow at 12:00 because "And back again at noon": over_daily_max
alice asks for AdministratorAccess on 400000000033 for 2h beginning tomorrow at 12:00 because "Failover of the shop"
dave asks for AdministratorAccess on 400000000032 for 2h beginning tomorrow at 12:00 because "And back again at noon"
alice asks for AdministratorAccess on 400000000032 for 30m beginning tomorrow at 12:00 because "And back again at noon"
# An approver cannot make more of it either.
bob may not approve it for 31m: over_daily_max
bob approves it
the request is scheduled
it lasts 30m
alice asks for AdministratorAccess on 400000000032 for 5m beginning tomorrow at 18:00 because "And a last look in the evening": over_daily_max
alice cancels it
alice asks for AdministratorAccess on 400000000032 for 5m beginning tomorrow at 18:00 because "And a last look in the evening"
