//! Why a command does not apply.

use super::Time;
use team_shared::state::RequestState;

/// Why a command does not apply. None of them is worth a retry with the same input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The requester's own vote.
    #[error("nobody decides their own request")]
    SelfApproval,
    /// No demand lists them.
    #[error("no rule makes you an approver of this request")]
    NotAnApprover,
    /// They voted on these terms.
    #[error("you have approved these terms already")]
    AlreadyVoted,
    /// Their signature is there; another administrator's is wanted.
    #[error("you have given it up already: a second administrator must agree")]
    AlreadySigned,
    /// The time to decide is over.
    #[error("the time to decide was over at {0}")]
    Expired(Time),
    /// It is decided.
    #[error("it is {0} already")]
    AlreadyDecided(RequestState),
    /// Not before this moment.
    #[error("not before {0}")]
    TooEarly(Time),
    /// The command makes no sense in this state.
    #[error("{command} does not apply to a request that is {state}")]
    NotNow {
        /// Where it stands.
        state: RequestState,
        /// What was asked.
        command: &'static str,
    },
}
