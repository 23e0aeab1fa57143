//! What a policy author expects, put to the policy in force or to a document; and the directory for the same offline.

use crate::support::*;
use serde_json::json;

const HOLDS: &str = "[[expect]]\nwho = \"alice\"\naccount = \"ou:Workloads/Prod\"\npermission_set = \"AdministratorAccess\"\n\
                     for = \"4h\"\nresult = \"allowed\"\napproval = \"required\"\nmax = \"4h\"\n";
const DOES_NOT: &str = "[[expect]]\nwho = \"alice\"\naccount = \"ou:Workloads/Prod\"\npermission_set = \"AdministratorAccess\"\n\
                        result = \"refused\"\nreason = \"says a test\"\n";

#[tokio::test]
async fn expectations_are_put_to_the_policy_in_force() {
    let world = World::new().await;
    for who in ["gita", "hugo", "ivy"] {
        let body = json!({"expectations": format!("{HOLDS}{DOES_NOT}")});
        let answer = world.as_(who).post("/v1/policy/test", body).await.is(200);
        assert_eq!(
            (&answer["passed"], &answer["failed"]),
            (&json!(1), &json!(1)),
            "{answer}"
        );
        assert_eq!(answer["policy_version"], 1);
        let failed = &answer["results"][1];
        assert_eq!(
            (&failed["line"], &failed["holds"]),
            (&json!(9), &json!(false)),
            "{answer}"
        );
        assert_eq!(failed["reason"], "says a test");
        assert!(
            failed["came"][0]
                .as_str()
                .unwrap_or_default()
                .contains("allowed by oncall-prod"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn or_to_a_document_that_is_not_in_force() {
    let world = World::new().await;
    let body =
        json!({"document": "version = 1\n[roles]\nadmins = [\"group:gone\"]\n", "expectations": DOES_NOT});
    let answer = world.as_("gita").post("/v1/policy/test", body).await.is(200);
    assert_eq!(answer["failed"], 0, "{answer}");
    assert!(answer["policy_version"].is_null());
    assert!(
        answer["warnings"][0]
            .as_str()
            .unwrap_or_default()
            .contains("group:gone is not in Identity Center"),
        "{answer}"
    );
    assert_eq!(
        world.as_("gita").get("/v1/policy").await.is(200)["version"],
        1,
        "nothing was applied"
    );
}

#[tokio::test]
async fn faults_of_both_documents_come_at_once() {
    let world = World::new().await;
    let body = json!({"document": "version = 2", "expectations": "[[expect]]\nwhom = \"alice\"\n"});
    let problem = world
        .as_("gita")
        .post("/v1/policy/test", body)
        .await
        .refused(422, "invalid");
    let errors = problem["errors"].to_string();
    assert!(
        errors.contains("document, line 1, column 11") && errors.contains("did you mean who?"),
        "{errors}"
    );
    // Of two faults the earlier is named: who calls, then the body, then the role.
    let alice = world.as_("alice");
    alice
        .post("/v1/policy/test", json!({"expectation": ""}))
        .await
        .refused(400, "unknown_field");
    alice
        .post("/v1/policy/test", json!({"expectations": ""}))
        .await
        .refused(403, "not_allowed");
    world
        .as_("stranger")
        .post("/v1/policy/test", json!({"expectations": ""}))
        .await
        .refused(403, "unknown_identity");
}

#[tokio::test]
async fn an_exported_directory_gives_the_same_judgement_offline() {
    let world = World::new().await;
    let json = world.as_("hugo").get("/v1/directory").await.is(200).to_string();
    let exported = teamd_policy::exported::parse(&json).expect("what the daemon exports");
    let expectations =
        teamd_policy::document::parse_expectations(&format!("{HOLDS}{DOES_NOT}")).expect("expectations");
    let policy = teamd_policy::document::parse(POLICY).expect("a policy");
    let now = exported.directory.loaded_at;
    let checked = teamd_policy::expectation::check(
        &expectations,
        &policy,
        &exported.directory,
        &exported.protected,
        now,
    );
    assert_eq!(
        checked.iter().map(|one| one.holds()).collect::<Vec<_>>(),
        [true, false],
        "{checked:?}"
    );
}
