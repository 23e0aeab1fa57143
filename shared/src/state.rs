//! The states of a request and of a grant, as words.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire and on the screen.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::ids::InvalidId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::ids::InvalidId {
                        text: text.chars().take(80).collect(),
                        expected: concat!("one of:", $(" ", $word),+),
                    }),
                }
            }
        }
    };
}
pub(crate) use words;

words!(
    /// Where a request stands.
    RequestState {
        /// Waits for decisions.
        Pending = "pending",
        /// Approved; waits for its start.
        Scheduled = "scheduled",
        /// The assignment is being created.
        Activating = "activating",
        /// AWS has confirmed the assignment.
        Active = "active",
        /// The assignment is being removed; not over before AWS's listing shows its absence.
        Ending = "ending",
        /// Over at its time, or by its requester.
        Ended = "ended",
        /// Taken back early by somebody else or because its basis was gone.
        Revoked = "revoked",
        /// Refused by an approver.
        Rejected = "rejected",
        /// Taken back by its requester before it began.
        Cancelled = "cancelled",
        /// Nobody decided in time.
        Expired = "expired",
        /// Its basis was gone before it began.
        Withdrawn = "withdrawn",
        /// AWS would not create it.
        Failed = "failed",
        /// Given up by two administrators; comes back to `ending` if a sweep sees the assignment.
        Lost = "lost",
    }
);

impl RequestState {
    /// Nothing more happens from here (`lost` may come back).
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !matches!(
            self,
            Self::Pending | Self::Scheduled | Self::Activating | Self::Active | Self::Ending
        )
    }
}

words!(
    /// How AWS and the book of grants differ on a key.
    DriftKind {
        /// Ours by the book, and not in AWS: somebody has removed it.
        Missing = "missing",
        /// On a key that was ours, and not of the daemon's making.
        Foreign = "foreign",
    }
);

words!(
    /// Who holds an assignment.
    HolderKind {
        /// A person, by an assignment of their own.
        User = "user",
        /// All members of a group.
        Group = "group",
    }
);

words!(
    /// What we know of an assignment in AWS.
    GrantState {
        /// Not there.
        Absent = "absent",
        /// A create of ours is under way.
        Creating = "creating",
        /// There, and ours.
        Present = "present",
        /// A delete of ours is under way.
        Deleting = "deleting",
        /// There, and not ours: nothing is created, nothing deleted.
        Foreign = "foreign",
        /// A reply was lost: look before acting.
        Unknown = "unknown",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_parse_as_they_print() {
        for state in RequestState::ALL {
            assert_eq!(state.to_string().parse::<RequestState>().unwrap(), *state);
            assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{state}\""));
        }
        assert!(
            "denied"
                .parse::<RequestState>()
                .unwrap_err()
                .to_string()
                .contains("pending scheduled")
        );
    }
}
