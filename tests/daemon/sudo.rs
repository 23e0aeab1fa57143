//! The login behind a uid: set, unset, unknown.

use crate::support::*;
use team_shared::problem::Code;
use teamd::domain::identity::{Caller, LoginUid, Peer};
use teamd::engine::{Approval, Engine};

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
