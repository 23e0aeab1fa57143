//! The words of each event: one template each, whose first line is the subject and whose rest says what happened.
//!
//! Templates make plain text of texts that are inert already; the forms of [`super::render`] escape the result for their
//! medium. So a template has nothing to escape, and cannot forget it.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use std::sync::LazyLock;
use team_shared::event::EventType;

/// Tags on lines of their own leave no lines behind.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .unwrap_or_default()
}

/// Subject and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) lead: String,
}

macro_rules! templates {
    ($($kind:ident = $file:literal),+ $(,)?) => {
        /// The name of an event's template; the events that nobody is told of have the plainest one.
        fn file_of(kind: EventType) -> &'static str {
            match kind {
                $(EventType::$kind => $file,)+
                _ => "other",
            }
        }

        static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
            let mut env = Environment::new();
            env.set_undefined_behavior(UndefinedBehavior::Lenient);
            env.set_auto_escape_callback(|_| AutoEscape::None);
            env.set_syntax(crate::words::syntax());
            for (name, source) in [
                $(($file, include_str!(concat!("templates/", $file, ".txt"))),)+
                ("other", include_str!("templates/other.txt")),
            ] {
                // All are rendered by the tests: one that does not parse goes nowhere.
                if let Err(error) = env.add_template(name, source) {
                    tracing::error!(template = name, %error, "a template cannot be read");
                }
            }
            env
        });
    };
}

templates! {
    RequestSubmitted = "request.submitted",
    RequestClaimed = "request.claimed",
    RequestUnclaimed = "request.unclaimed",
    RequestEscalated = "request.escalated",
    RequestTermsChanged = "request.terms_changed",
    RequestApproved = "request.approved",
    RequestRejected = "request.rejected",
    RequestCancelled = "request.cancelled",
    RequestExpired = "request.expired",
    RequestWithdrawn = "request.withdrawn",
    RequestScheduled = "request.scheduled",
    RequestActive = "request.active",
    RequestEnded = "request.ended",
    RequestRevoked = "request.revoked",
    RequestFailed = "request.failed",
    RequestGivenUp = "request.given_up",
    RequestLost = "request.lost",
    RequestReviewed = "request.reviewed",
    GrantStuck = "grant.stuck",
    GrantReappeared = "grant.reappeared",
    GrantDrift = "grant.drift",
    ReminderPending = "reminder.pending",
    ReminderBeforeEnd = "reminder.before_end",
    ActivityMarked = "activity.marked",
    PolicyApplied = "policy.applied",
    PolicyProposed = "policy.proposed",
    FreezeOn = "freeze.on",
    FreezeOff = "freeze.off",
    ClockSuspect = "clock.suspect",
    ClockClear = "clock.clear",
    DirectoryWidened = "directory.widened",
    AuditFault = "audit.fault",
    DaemonRevokeOnly = "daemon.revoke_only",
    NotifyFailing = "notify.failing",
    NotifyClear = "notify.clear",
    DigestWeekly = "digest.weekly",
}

/// The words of an event. Whatever goes wrong here, somebody must still be told: then the event's own word stands.
pub(super) fn of(kind: EventType, context: &Value) -> Words {
    let rendered = TEMPLATES
        .get_template(file_of(kind))
        .and_then(|template| template.render(context));
    let text = rendered.unwrap_or_else(|error| {
        tracing::error!(event = %kind, %error, "the template of an event fails");
        kind.to_string()
    });
    let (subject, lead) = text.trim().split_once('\n').unwrap_or((text.trim(), ""));
    Words {
        subject: subject.trim().to_owned(),
        lead: lead.trim().to_owned(),
    }
}
