# Quarterly close: finance reads the bills for three days, and has to extend nothing.

erin asks for BillingReadOnly on 700000000061 for 3d because "Closing the third quarter of the year"
the request is pending
bob may not see it
liam approves it
the request becomes active
4000 minutes pass
the request is active
AWS has it
320 minutes pass
the request becomes ended
AWS has it no more
liam reviews it
