//! All that the dashboard knows. Changed only by [`crate::update`], read by the view.

use crate::access::Access;
use crate::client::api::Health;
use crate::drawn::Drawn;
use crate::feed::Feed;
use crate::format::Zone;
use crate::keymap::{Action, Context, Keymap};
use crate::lists::rows::{Lists, Requests};
use crate::lists::{Columns, Sort};
use crate::modals::Modal;
use crate::report::{self, Part};
use crate::settings::Template;
use crate::update::pages::Pages;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use team_shared::activity::{ActivityDigest, ActivityItem};
use team_shared::event::Event;
use team_shared::ids::RequestId;
use team_shared::me::{Entitlement, Me};
use team_shared::request::RequestView;
use tui_input::Input;

/// The screens, in the order of their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Screen {
    /// Pending requests.
    Queue,
    /// One's own.
    Mine,
    /// Live access.
    Sessions,
    /// Requests of all states, or audit rows.
    History,
    /// The daemon's health.
    Status,
    /// What one can ask for; rules, settings and history of the policy.
    Policy,
    /// What is done in all sessions.
    Activity,
}

impl Screen {
    /// In the order of their keys.
    pub const ALL: [Self; 7] = [
        Self::Queue,
        Self::Mine,
        Self::Sessions,
        Self::History,
        Self::Status,
        Self::Policy,
        Self::Activity,
    ];

    /// The name on its tab.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "Queue",
            Self::Mine => "Mine",
            Self::Sessions => "Sessions",
            Self::History => "History",
            Self::Status => "Status",
            Self::Policy => "Policy",
            Self::Activity => "Activity",
        }
    }
}

/// How we stand with the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// Not yet there.
    Connecting,
    /// Events arrive.
    Live,
    /// Gone; what is shown is old.
    Lost {
        /// Since when.
        since: DateTime<Utc>,
        /// What the system said.
        why: String,
        /// When it is tried again.
        retry_at: DateTime<Utc>,
    },
}

/// Where the cursor of a list is: on a row by its id, so that rows may move under it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) id: Option<RequestId>,
    pub(crate) index: usize,
}

/// Activity of one session.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tail {
    pub(crate) items: Vec<ActivityItem>,
    /// teamd's sentence on what is covered; empty: not read yet.
    pub(crate) coverage: String,
    pub(crate) complete_until: Option<DateTime<Utc>>,
    /// When that was read last: it ages without an event.
    pub(crate) covered_at: Option<DateTime<Utc>>,
    pub(crate) newest: Option<DateTime<Utc>>,
    /// What was done in all, as far as it was read.
    pub(crate) digest: Option<ActivityDigest>,
}

/// The sheet of one request, over the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) id: RequestId,
    pub(crate) scroll: u16,
}

/// One line below the list: what happened last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) text: String,
    pub(crate) bad: bool,
    pub(crate) at: DateTime<Utc>,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) now: DateTime<Utc>,
    pub(crate) zone: Zone,
    pub(crate) link: Link,
    pub(crate) socket: String,
    /// When the data shown was last known to be current.
    pub(crate) fresh_at: Option<DateTime<Utc>>,
    pub(crate) loaded: bool,
    pub(crate) me: Option<Me>,
    pub(crate) requests: Requests,
    pub(crate) lists: Lists,
    /// How far the history was read.
    pub(crate) pages: Pages,
    pub(crate) entitlements: Vec<Entitlement>,
    pub(crate) health: Option<Health>,
    pub(crate) tails: HashMap<RequestId, Tail>,
    /// Those of them in which something may be missing, to be read again.
    pub(crate) stale_tails: BTreeSet<RequestId>,
    /// What was done in all under the request whose sheet is open, without the events.
    pub(crate) digests: HashMap<RequestId, Tail>,
    /// Activity of all sessions.
    pub(crate) feed: Feed,
    pub(crate) timelines: HashMap<RequestId, Vec<Event>>,
    pub(crate) audit: BTreeMap<u64, Event>,
    /// What History shows.
    pub(crate) history: Part,
    /// The report on it.
    pub(crate) report: report::Shown,
    /// Sessions shows who has what over the hours instead of activity.
    pub(crate) bars_shown: bool,
    /// The list over the health on Status.
    pub(crate) access: Option<Access>,
    pub(crate) policy: crate::policy::Policy,
    pub(crate) screen: Screen,
    pub(crate) cursors: HashMap<Screen, Cursor>,
    pub(crate) audit_index: usize,
    pub(crate) scroll: u16,
    pub(crate) detail: Option<Detail>,
    pub(crate) modal: Option<Modal>,
    /// The help, over everything: how far it is scrolled, and what it explains first.
    pub(crate) help: Option<(u16, Context)>,
    pub(crate) filter: Input,
    pub(crate) filtering: bool,
    /// How the lists are ordered, where it is not their own way.
    pub(crate) sorts: HashMap<Screen, Sort>,
    /// Rows that the next verb is for, together.
    pub(crate) marked: BTreeSet<RequestId>,
    pub(crate) toast: Option<Toast>,
    /// Requests to read again, and whether that is under way: many events become one read.
    pub(crate) stale: BTreeSet<RequestId>,
    /// Events that may be worth a call, until what they are about has been read.
    pub(crate) to_alert: Vec<Event>,
    pub(crate) refreshing: bool,
    pub(crate) loading: bool,
    pub(crate) load_again: bool,
    /// When to read again what could not be read although the daemon is there.
    pub(crate) retry_at: Option<DateTime<Utc>>,
    /// People for `:as`, where this is a demo.
    pub(crate) demo: Option<Vec<String>>,
    pub(crate) acting_as: Option<String>,
    pub(crate) chaos: Vec<String>,
    /// The request to open as soon as it is known.
    pub(crate) open: Option<RequestId>,
    /// Nothing is changed from here.
    pub(crate) read_only: bool,
    /// What request forms may be filled with, by name.
    pub(crate) templates: BTreeMap<String, Template>,
    /// The request that was typed and not sent.
    pub(crate) draft: Option<Template>,
    /// Comments that were typed and not sent, by verb and request.
    pub(crate) comments: HashMap<(&'static str, RequestId), String>,
    /// The card for who is here for the first time.
    pub(crate) welcome: bool,
    /// The list alone, or what is beside it alone.
    pub(crate) zoomed: bool,
    /// What keys mean.
    pub(crate) keys: Keymap,
    /// Columns that the reader has chosen.
    pub(crate) columns: Columns,
    /// The mouse is ours, and not the terminal's for selecting.
    pub(crate) mouse: bool,
    /// Where things were last drawn.
    pub(crate) drawn: Drawn,
    /// Whether the first screen was chosen by us and may still follow the role.
    pub(crate) screen_undecided: bool,
    pub(crate) quit: bool,
}

impl App {
    /// An app that knows nothing yet.
    pub(crate) fn new(now: DateTime<Utc>, socket: String) -> Self {
        Self {
            now,
            zone: Zone::Utc,
            link: Link::Connecting,
            socket,
            fresh_at: None,
            loaded: false,
            me: None,
            requests: Requests::default(),
            lists: Lists::default(),
            pages: Pages::default(),
            entitlements: Vec::new(),
            health: None,
            tails: HashMap::new(),
            digests: HashMap::new(),
            stale_tails: BTreeSet::new(),
            feed: Feed::default(),
            timelines: HashMap::new(),
            audit: BTreeMap::new(),
            history: Part::default(),
            report: report::Shown::default(),
            bars_shown: false,
            access: None,
            policy: crate::policy::Policy::default(),
            screen: Screen::Queue,
            cursors: HashMap::new(),
            audit_index: 0,
            scroll: 0,
            detail: None,
            modal: None,
            help: None,
            filter: Input::default(),
            filtering: false,
            sorts: HashMap::new(),
            marked: BTreeSet::new(),
            toast: None,
            stale: BTreeSet::new(),
            to_alert: Vec::new(),
            refreshing: false,
            loading: false,
            load_again: false,
            retry_at: None,
            demo: None,
            acting_as: None,
            chaos: Vec::new(),
            open: None,
            read_only: false,
            templates: BTreeMap::new(),
            draft: None,
            comments: HashMap::new(),
            welcome: false,
            zoomed: false,
            keys: Keymap::default(),
            columns: Columns::default(),
            mouse: false,
            drawn: Drawn::default(),
            screen_undecided: false,
            quit: false,
        }
    }

    /// The key to name where a text says what to press.
    pub(crate) fn key(&self, action: Action) -> String {
        self.keys.name(action)
    }

    /// A text of ours with the keys in the places of their actions' names.
    pub(crate) fn keyed(&self, text: &str) -> String {
        self.keys.keyed(text)
    }

    pub(crate) fn is_live(&self) -> bool {
        self.link == Link::Live
    }

    pub(crate) fn is_mine(&self, view: &RequestView) -> bool {
        self.me
            .as_ref()
            .and_then(|me| me.person.as_ref())
            .is_some_and(|person| person.user_id == view.requester.user_id)
    }

    /// Whether the caller may decide on it now.
    pub(crate) fn may_decide(view: &RequestView) -> bool {
        may(view, "approve") || may(view, "reject")
    }

    /// The audit is what is shown.
    pub(crate) fn on_audit(&self) -> bool {
        self.screen == Screen::History && self.history == Part::Audit
    }

    /// The report is what is shown.
    pub(crate) fn on_report(&self) -> bool {
        self.screen == Screen::History && self.history == Part::Report
    }

    /// The request that an action would act on: the open one, else the one under the cursor.
    pub(crate) fn selected(&self) -> Option<&RequestView> {
        if let Some(detail) = &self.detail {
            return self.requests.get(&detail.id);
        }
        if self.on_audit() {
            let id = self.audit_rows().get(self.audit_index)?.request_id?;
            return self.requests.get(&id);
        }
        if self.on_report() {
            return None;
        }
        if self.screen == Screen::Activity {
            return self.requests.get(&self.request_of_event()?);
        }
        let rows = self.rows(self.screen);
        self.position(self.screen, &rows).and_then(|at| rows.get(at))
    }

    /// Shows a line below the list.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast {
            text: text.into(),
            bad: false,
            at: self.now,
        });
    }

    /// The same for what went wrong.
    pub(crate) fn complain(&mut self, text: impl Into<String>) {
        self.say(text);
        if let Some(toast) = &mut self.toast {
            toast.bad = true;
        }
    }
}

/// Whether the daemon said that the caller may do this now.
pub(crate) fn may(view: &RequestView, verb: &str) -> bool {
    view.you_may.iter().any(|allowed| allowed == verb)
}
