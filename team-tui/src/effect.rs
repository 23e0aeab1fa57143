//! What the dashboard wants done; performed by [`crate::runtime`], answered by messages.

use crate::access::AccessKind;
use crate::lists::Columns;
use crate::modals::decide::AsRead;
use crate::policy::Draft;
use crate::settings::Template;
use std::collections::BTreeSet;
use team_shared::ids::RequestId;
use team_shared::policy::ExplainQuery;
use team_shared::report::ReportBy;
use team_shared::request::{Act, Approve, CloseReview, Extend, Submit};

/// Something to do outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Read everything.
    Load,
    /// Read the page of requests that begins here.
    LoadOlder(String),
    /// Read these requests again.
    Refresh(BTreeSet<RequestId>),
    /// Read the health.
    LoadHealth,
    /// Read the activity of a request.
    LoadActivity(RequestId),
    /// Read what is covered of the activity of a request, without the events.
    LoadCoverage(RequestId),
    /// Read what was done in all under a request, without the events.
    LoadDigest(RequestId),
    /// Read the record of an event of a request.
    LoadRecord(RequestId, String),
    /// Read how one's own live access is used.
    LoadUse(RequestId),
    /// Read the timeline of a request.
    LoadTimeline(RequestId),
    /// Read the audit.
    LoadAudit,
    /// Read the report, by this.
    LoadReport(ReportBy),
    /// Read what is held in AWS.
    LoadAccess(AccessKind),
    /// Read the rules, settings and history of the policy.
    LoadPolicy,
    /// Read a rule: its kind and id.
    LoadRule(String, String),
    /// Ask why.
    Explain(Box<ExplainQuery>),
    /// Edit the policy in the reader's editor, at a line; an earlier text of theirs, or the one in force.
    EditPolicy {
        /// From 1.
        line: usize,
        /// What was edited before.
        draft: Option<Draft>,
    },
    /// Run the editor on it, at a line. The loop does this itself: it owns the terminal.
    OpenEditor(Draft, usize),
    /// Plan what was edited.
    PlanPolicy(Draft),
    /// Apply what was edited.
    ApplyPolicy(Draft),
    /// File a request.
    Submit(Box<Submit>),
    /// File several, all of them or none.
    SubmitBatch(Vec<Submit>),
    /// Approve one.
    Approve(RequestId, Box<Approve>),
    /// Ask for more time.
    Extend(RequestId, Box<Extend>),
    /// Close a review.
    Review(RequestId, Box<CloseReview>),
    /// `reject`, `cancel`, `done`, `revoke`, `lost`, `claim` or `unclaim` one.
    Act(RequestId, &'static str, Box<Act>),
    /// The same verb with the same comment on several, each as it was read.
    ActOnAll(&'static str, Vec<AsRead>, Option<String>),
    /// Stop everything new: why, and whether what is live ends as well.
    Freeze(String, bool),
    /// Lift that.
    Unfreeze(Option<String>),
    /// Keep the request that was typed and not sent for the next run; none: there is none any more.
    KeepDraft(Option<Box<Template>>),
    /// The reader has seen the first card.
    Welcomed,
    /// Run the reader's editor on a text. The loop does this itself.
    WriteText(String),
    /// Keep the columns that were chosen for the next run.
    KeepColumns(Columns),
    /// Take the mouse, or leave it to the terminal. The loop does this itself.
    Mouse(bool),
    /// Try the daemon now.
    Reconnect,
    /// Act as somebody else from here on.
    ActAs(String),
    /// Start the chaos.
    Chaos,
    /// Make the terminal call, with these words.
    Alert(String),
    /// Put a text on the clipboard.
    Copy(String),
    /// Stop the process until it is continued.
    Suspend,
}
