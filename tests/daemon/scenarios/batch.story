# The same work in several accounts: filed as one or not at all, decided one by one.

alice asks for AdministratorAccess on 400000000032 and 800000000071 for 1h because "Rotating the shared certificate": not_eligible
alice asks for AdministratorAccess on 400000000032 and 400000000033 for 1h because "Rotating the shared certificate"
the request is pending
alice may not approve it: self_approval
bob approves all of it
all of it becomes active
AWS has it
alice is done with it
the request becomes ended
