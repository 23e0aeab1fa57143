//! Who may ask for what, for how long, and who decides. Pure: a function of the document, the directory, the person,
//! the target, the duration and the moment.

mod evaluate;
mod matching;
mod model;
mod texts;

pub use evaluate::{Ask, Entitled, Judgement, Refusal, entitlements, evaluate, roles_of};
pub use matching::stale_references;
pub use model::{
    AccountPattern, ApprovalMode, ApproverRule, DenyRule, EligibilityRule, Policy, RoleAssignments, Settings, Subject,
};
pub use texts::{TextFault, TextRules, check_texts};
