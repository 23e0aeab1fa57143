//! What can happen to the dashboard.

use crate::access::AccessRows;
use crate::client::ClientError;
use crate::client::api::Health;
use crate::ways::Ways;
use chrono::{DateTime, Utc};
use crossterm::event::{KeyEvent, MouseEvent};
use team_shared::activity::{ActivityItem, ActivityPage};
use team_shared::event::Event;
use team_shared::freeze::FreezeState;
use team_shared::ids::RequestId;
use team_shared::list::Page;
use team_shared::me::{Entitlement, Me};
use team_shared::report::Report;
use team_shared::request::RequestView;

/// Everything that is read at the start and after a reconnect.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) me: Me,
    /// The newest, and where the next page begins.
    pub(crate) newest: Page<RequestView>,
    /// What is open, however old.
    pub(crate) open: Vec<RequestView>,
    pub(crate) entitlements: Vec<Entitlement>,
    pub(crate) health: Option<Health>,
}

/// Something happened.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// The reader's editor has left this text.
    Written(String),
    /// Text was pasted: never keys.
    Paste(String),
    /// Time has passed.
    Tick(DateTime<Utc>),
    /// The event stream is open.
    Linked,
    /// The daemon is away.
    Unlinked { why: String, retry_at: DateTime<Utc> },
    /// An event arrived.
    Event(Box<Event>),
    /// An activity item arrived.
    Activity(Box<ActivityItem>),
    /// Activity items may have been left out: so many, or, where the stream is a new one, nobody knows how many.
    ActivityGap(Option<u64>),
    /// All was read.
    Loaded(Box<Snapshot>),
    /// It was not.
    LoadFailed(ClientError),
    /// A page of older requests was read.
    OlderRead(Result<Page<RequestView>, ClientError>),
    /// Requests were read again; absent: no longer visible.
    Refreshed(Vec<(RequestId, Option<RequestView>)>),
    /// They were not.
    RefreshFailed(Vec<RequestId>),
    /// Health was read.
    Health(Option<Box<Health>>),
    /// Activity of a request was read.
    ActivityRead(RequestId, Result<Box<ActivityPage>, ClientError>),
    /// What is covered of a request's activity was read.
    CoverageRead(RequestId, Result<Box<ActivityPage>, ClientError>),
    /// What was done in all under a request was read.
    DigestRead(RequestId, Result<Box<ActivityPage>, ClientError>),
    /// The record of one event.
    RecordRead(Result<Box<ActivityPage>, ClientError>),
    /// How an access is used was read.
    UseRead(RequestId, Result<Box<Ways>, ClientError>),
    /// The timeline of a request was read.
    TimelineRead(RequestId, Vec<Event>),
    /// Audit rows were read.
    AuditRead(Result<Vec<Event>, ClientError>),
    /// The report was read.
    ReportRead(Result<Box<Report>, ClientError>),
    /// What is held in AWS was read.
    AccessRead(Result<Box<AccessRows>, ClientError>),
    /// Something of the policy was read.
    PolicyRead(Result<Box<crate::policy::Read>, ClientError>),
    /// A text is ready to be edited, at a line.
    EditReady(crate::policy::Draft, usize),
    /// The editor did not do what was asked of it.
    EditFailed(String),
    /// A changing command was answered.
    Answered {
        verb: &'static str,
        result: Result<Box<RequestView>, ClientError>,
    },
    /// Several were answered, for which the same was asked: each for itself.
    AllAnswered {
        verb: &'static str,
        results: Vec<(RequestId, Result<Box<RequestView>, ClientError>)>,
    },
    /// Several requests were filed, or none.
    Filed(Result<Vec<RequestView>, ClientError>),
    /// What came of a freeze, or of lifting it.
    Frozen(Result<FreezeState, ClientError>),
    /// The chaos tells of itself.
    Chaos(String),
}
