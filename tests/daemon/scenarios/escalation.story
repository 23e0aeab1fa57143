# Nobody decides: approvers are reminded, then others may decide as well.

alice asks for AdministratorAccess on 400000000032 for 1h because "Database failover of the ledger"
the trail has no reminder.pending
liam may not approve it: not_found
31 minutes pass
the trail has reminder.pending
the trail has no request.escalated
30 minutes pass
the trail has request.escalated
liam claims it
the trail has request.claimed
liam approves it
the request becomes active
31 minutes pass
the trail has reminder.before_end
30 minutes pass
the request becomes ended
