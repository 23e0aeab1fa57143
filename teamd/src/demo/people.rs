//! People at work when the demo opens: what waits, what is scheduled, what is live. They use the same commands as
//! everybody.

use chrono::TimeDelta;
use team_shared::ids::RequestId;
use teamd_domain::identity::{Caller, LoginUid, Peer};
use teamd_engine::{Approval, Engine, Refused, Submission};

type Waiting = (
    &'static str,
    &'static str,
    &'static str,
    i64,
    &'static str,
    Option<&'static str>,
);

/// Waits for a decision: who, account, set, minutes, reason, ticket.
const PENDING: &[Waiting] = &[
    (
        "alice",
        "400000000031",
        "AdministratorAccess",
        120,
        "Payment worker crash-loops after deploy 2291; roll back the queue migration by hand",
        Some("INC-4711"),
    ),
    (
        "dave",
        "400000000033",
        "PowerUserAccess",
        60,
        "Certificate of the checkout expires tonight, rotate it",
        Some("CHG-1208"),
    ),
    (
        "kim",
        "500000000041",
        "DatabaseAdmin",
        240,
        "Load test of the new ledger schema, needs index changes",
        None,
    ),
    (
        "erin",
        "700000000061",
        "BillingReadOnly",
        2880,
        "Quarterly close: reconcile invoices of the third quarter",
        None,
    ),
    (
        "frank",
        "500000000042",
        "PowerUserAccess",
        90,
        "Fix the broken asset pipeline as agreed with the web team",
        None,
    ),
    (
        "dave",
        "400000000034",
        "ReadOnlyAccess",
        60,
        "Audit trail of the identity service for INC-4698",
        None,
    ),
];

/// Approved by bob: who, account, set, seconds, reason, ticket, minutes until the start.
const APPROVED: &[(Waiting, i64)] = &[
    (
        (
            "alice",
            "400000000032",
            "IncidentResponse",
            5400,
            "Ledger differs from the bank file since 06:00, collect evidence",
            Some("INC-4705"),
        ),
        0,
    ),
    (
        (
            "liam",
            "500000000042",
            "PowerUserAccess",
            14_400,
            "Rework of the deployment pipeline of the web shop",
            None,
        ),
        0,
    ),
    (
        (
            "dave",
            "400000000031",
            "DatabaseAdmin",
            3600,
            "Vacuum the payments tables in the maintenance window",
            Some("CHG-1211"),
        ),
        45,
    ),
    (
        (
            "mona",
            "500000000041",
            "PowerUserAccess",
            7200,
            "Dry run of the migration before tomorrow's release",
            None,
        ),
        150,
    ),
];

/// Needs no approval: who, account, set, seconds, reason. The last but one ends while the demo is looked at.
const AUTOMATIC: &[(&str, &str, &str, i64, &str)] = &[
    (
        "carol",
        "600000000052",
        "AdministratorAccess",
        7200,
        "Try the new build of the web front end",
    ),
    (
        "kim",
        "600000000051",
        "DatabaseAdmin",
        600,
        "Reproduce the deadlock of the nightly job",
    ),
    (
        "bob",
        "400000000033",
        "ReadOnlyAccess",
        75,
        "Look at the error rate of the checkout",
    ),
    (
        "mona",
        "800000000072",
        "AdministratorAccess",
        1500,
        "Sandbox: try out the new network rules",
    ),
];

/// Files them.
///
/// # Errors
/// One is refused: then policy and organisation of the demo do not fit.
pub(super) async fn file_requests(engine: &Engine) -> Result<(), Refused> {
    for &(who, account, set, seconds, reason) in AUTOMATIC {
        submit(engine, who, account, set, seconds, reason, None, 0).await?;
    }
    for &((who, account, set, seconds, reason, ticket), starts_in) in APPROVED {
        let id = submit(engine, who, account, set, seconds, reason, ticket, starts_in).await?;
        let approval = Approval {
            comment: Some("go ahead".to_owned()),
            ..Approval::default()
        };
        engine.approve(&person(engine, "bob"), &id, approval).await?;
    }
    for &(who, account, set, minutes, reason, ticket) in PENDING {
        submit(engine, who, account, set, minutes * 60, reason, ticket, 0).await?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "a row of the tables above")]
async fn submit(
    engine: &Engine,
    who: &str,
    account: &str,
    set: &str,
    seconds: i64,
    reason: &str,
    ticket: Option<&str>,
    starts_in_minutes: i64,
) -> Result<RequestId, Refused> {
    let start_at = (starts_in_minutes > 0).then(|| engine.now() + TimeDelta::minutes(starts_in_minutes));
    let submission = Submission {
        account: account.to_owned(),
        permission_set: set.to_owned(),
        duration_seconds: Some(seconds),
        end_at: None,
        start_at,
        justification: reason.to_owned(),
        ticket: ticket.map(ToOwned::to_owned),
        break_glass: false,
        batch_id: None,
    };
    Ok(engine
        .submit(&person(engine, who), submission, false)
        .await?
        .request
        .id)
}

/// A person of the demo, as if they had logged in.
pub(super) fn person(engine: &Engine, name: &str) -> Caller {
    let peer = Peer {
        uid: 60_000,
        pid: None,
        login_uid: LoginUid::Unset,
    };
    engine.identify(peer, Some(name.to_owned()))
}
