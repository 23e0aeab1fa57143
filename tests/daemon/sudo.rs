//! The login behind a uid: set, unset, unknown.

use crate::support::*;
use team_shared::problem::Code;
use teamd_domain::identity::{Caller, LoginUid, Peer};
use teamd_engine::{Applied, Approval, Engine, PolicyInput};

fn caller(engine: &Engine, uid: u32, login: &str, login_uid: LoginUid) -> Caller {
    let peer = Peer {
        uid,
        pid: None,
        login_uid,
    };
    engine.identify(peer, Some(login.to_owned()))
}

#[tokio::test]
async fn unknown_login_uid_changes_nothing() {
    let world = World::new().await;
    let id = world.pending().await.parse().expect("an id");
    let engine = world.engine();
    for login_uid in [LoginUid::Unknown, LoginUid::Set(1001)] {
        let bob = caller(engine, 1002, "bob", login_uid);
        let refused = engine.approve(&bob, &id, Approval::default()).await;
        let refused = refused.expect_err("it is refused");
        assert_eq!(refused.code, Code::SudoRefused, "{refused}");
        let frozen = engine.freeze(&bob, "a laptop is gone", false).await;
        assert_eq!(frozen.expect_err("it is refused").code, Code::SudoRefused);
    }
    // Nobody logged in: a service, or a console without a login uid.
    let bob = caller(engine, 1002, "bob", LoginUid::Unset);
    assert!(engine.approve(&bob, &id, Approval::default()).await.is_ok());
    // root can be anybody, and must be able to stop everything.
    let root = caller(engine, 0, "root", LoginUid::Unknown);
    assert!(engine.freeze(&root, "a laptop is gone", false).await.is_ok());
}

fn two_admins() -> String {
    POLICY
        .replace("[roles]\nadmins = [", "[roles]\nadmins = [\"user:hugo\", ")
        .replace("[settings]", "[settings]\npolicy_changes_need = 2")
}

fn document(note: &str) -> PolicyInput {
    PolicyInput {
        document: format!("{}# {note}\n", two_admins()),
        ..PolicyInput::default()
    }
}

/// uid 0, as the API makes it of a session that `login` opened.
fn root_of(engine: &Engine, login: &str) -> Caller {
    let root = caller(engine, 0, "root", LoginUid::Set(1_007));
    engine.with_person_behind(root, Some(login.to_owned()))
}

#[tokio::test]
async fn sudo_is_first_signature_of_its_login() {
    let world = Setup::new().policy(two_admins()).start().await;
    let engine = world.engine();
    let gita = caller(engine, 1_007, "gita", LoginUid::Set(1_007));
    let hugo = caller(engine, 1_008, "hugo", LoginUid::Set(1_008));
    // sudo team-tui policy apply, then the same as oneself.
    let proposed = engine
        .apply_policy(&root_of(engine, "gita"), document("one"))
        .await;
    let Ok(Applied::Proposed(open)) = proposed else {
        panic!("{proposed:?}")
    };
    assert_eq!(open.proposed_by, "operator (gita)");
    let refused = engine
        .confirm_policy(&gita, &open.sha256)
        .await
        .expect_err("the same person");
    assert!(
        refused.detail.contains("gita proposed this policy as uid 0"),
        "{refused}"
    );
    let again = engine.apply_policy(&gita, document("one")).await;
    assert!(matches!(again, Ok(Applied::Proposed(_))), "{again:?}");
    // uid 0 is no second signature, whoever is behind it.
    let refused = engine
        .confirm_policy(&root_of(engine, "hugo"), &open.sha256)
        .await;
    assert_eq!(refused.expect_err("uid 0").code, Code::NotAllowed);
    let confirmed = engine.confirm_policy(&hugo, &open.sha256).await;
    assert!(matches!(confirmed, Ok(Applied::InForce(_))), "{confirmed:?}");
}

#[tokio::test]
async fn unreadable_policy_needs_two_signatures() {
    let world = World::new().await;
    let database = rusqlite::Connection::open(world.database()).expect("the database");
    // As a later release may have written it.
    let written = database.execute(
        "INSERT INTO policy(version, document, sha256, applied_by, applied_at) VALUES (2, 'version = 9', ?1, 'gita', 0)",
        ["ab".repeat(32)],
    );
    written.expect("a policy of a later release");
    let engine = world.engine();
    let proposed = engine
        .apply_policy(&root_of(engine, "gita"), document("three"))
        .await;
    assert!(matches!(proposed, Ok(Applied::Proposed(_))), "{proposed:?}");
}

#[tokio::test]
async fn console_root_excludes_person_of_roots_login() {
    let setup = Setup::new().policy(two_admins()).config(|config| {
        config.identity.map.insert("root".to_owned(), "gita".to_owned());
    });
    let world = setup.start().await;
    let engine = world.engine();
    let console = caller(engine, 0, "root", LoginUid::Unset);
    let proposed = engine.apply_policy(&console, document("two")).await;
    let Ok(Applied::Proposed(open)) = proposed else {
        panic!("{proposed:?}")
    };
    let gita = caller(engine, 1_007, "gita", LoginUid::Set(1_007));
    let refused = engine
        .confirm_policy(&gita, &open.sha256)
        .await
        .expect_err("root's own login");
    assert!(refused.detail.contains("root's login maps to gita"), "{refused}");
    let hugo = caller(engine, 1_008, "hugo", LoginUid::Set(1_008));
    let confirmed = engine.confirm_policy(&hugo, &open.sha256).await;
    assert!(matches!(confirmed, Ok(Applied::InForce(_))), "{confirmed:?}");
}
