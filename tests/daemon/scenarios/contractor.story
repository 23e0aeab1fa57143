# An external contractor: nobody has to approve a sandbox, and nothing makes them an administrator.

frank asks for PowerUserAccess on 800000000071 for 1h because "Building the proof of concept"
the request becomes active
frank asks for AdministratorAccess on 800000000071 for 1h because "Building the proof of concept": denied
frank asks for PowerUserAccess on 400000000032 for 1h because "Building the proof of concept": not_eligible
frank is done with it
the request becomes ended
AWS has it no more
frank may not review it: self_approval
hugo reviews it
