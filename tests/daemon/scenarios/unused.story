# Access that was asked for and not used is found, once all of CloudTrail has been read: nobody needs it, perhaps.

what is done with access is read
alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
alice calls ec2:RunInstances
alice is done with it
the request becomes ended
840 minutes pass
it is used and not listed as unused

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
bob approves it
the request becomes active
alice is done with it
the request becomes ended
# It may yet turn out to have been used.
it is not listed as unused
840 minutes pass
it is listed as unused
