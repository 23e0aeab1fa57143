# A request that should not be: rejected with a word, and what is rejected stays so.

alice asks for AdministratorAccess on 400000000032 for 1h because "Just having a look around"
bob rejects it
the request is rejected
carol may not approve it: already_decided
alice may not cancel it: already_decided
AWS has it no more
