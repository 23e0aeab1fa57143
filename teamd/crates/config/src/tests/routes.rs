//! Routes of a policy against the channels of a host.

#[test]
fn route_without_channel_is_a_finding() {
    let sample = include_str!("../../../../../docs/sample-policy/policy.toml");
    let policy = teamd_policy::document::parse(&format!(
        "{sample}\n[[route]]\nid = \"payments\"\nto = [\"slack:#pay\", \"sns\"]\n"
    ))
    .unwrap();
    let config = crate::Notify::default();
    let found = teamd_policy::plan::dead_ends(&policy, |target| config.lacks(target));
    let says: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {}", one.about, one.says))
        .collect();
    assert_eq!(
        says,
        [
            "route payments: it leads nowhere on this host: slack:#pay needs [notify.slack] with a token_file: a bot \
             alone can choose a room",
            "route payments: it leads nowhere on this host: sns needs [notify.sns]",
        ]
    );
    assert!(
        found
            .iter()
            .all(|one| one.severity == "warning" && one.code == "dead-end")
    );
}
