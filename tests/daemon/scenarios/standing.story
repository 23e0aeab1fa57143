# What somebody holds for good is not given for an hour, because it would be gone after it.

frank asks for PowerUserAccess on 800000000072 for 1h because "Building the proof of concept": standing_access
AWS has PowerUserAccess on 800000000072 for frank
frank asks for PowerUserAccess on 800000000071 for 1h because "Building the proof of concept"
the request becomes active
frank is done with it
the request becomes ended
AWS has it no more
AWS has PowerUserAccess on 800000000072 for frank
