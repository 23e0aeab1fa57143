# Whoever is on call may ask, for as long as they are.

kim asks for ReadOnlyAccess on 400000000032 for 1h because "Payments do not go through": not_eligible
kim is on call
kim asks for ReadOnlyAccess on 400000000032 for 1h because "Payments do not go through"
the request is pending
bob approves it
the request becomes active
liam is on call
the request becomes revoked
AWS has it no more
kim asks for ReadOnlyAccess on 400000000032 for 1h because "Payments do not go through": not_eligible
