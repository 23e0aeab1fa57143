# Three requests of one person may wait; others have their own three.

alice asks for AdministratorAccess on 400000000032 for 1h because "Failover of the ledger"
alice asks for AdministratorAccess on 400000000033 for 1h because "Failover of the shop"
alice asks for PowerUserAccess on 400000000032 for 1h because "Looking at the ledger"
alice asks for PowerUserAccess on 400000000033 for 1h because "Looking at the shop": limit_reached
dave asks for PowerUserAccess on 400000000033 for 1h because "Looking at the shop"
bob rejects it
alice asks for PowerUserAccess on 400000000033 for 1h because "Looking at the shop": limit_reached
# What nobody has to decide does not wait.
alice asks for ReadOnlyAccess on 600000000052 for 1h because "Looking at the new shop"
the request becomes active
