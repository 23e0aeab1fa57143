# Whoever is on call may ask; with the shift goes the right, and what was asked for by it.

kim asks for ReadOnlyAccess on 400000000032 for 1h because "Looking at the ledger": not_eligible
kim is on call for payments
kim asks for ReadOnlyAccess on 400000000032 for 1h because "Looking at the ledger"
the request is pending
liam is on call for payments
the request becomes withdrawn
liam asks for ReadOnlyAccess on 400000000032 for 1h because "Taking over the shift"
bob approves it
the request becomes active
AWS has it
