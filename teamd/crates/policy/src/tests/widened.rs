//! A directory that lets people do more than before.

use super::*;

fn document() -> Policy {
    let mut policy = policy(Vec::new());
    policy.eligibility = crate::document::parse(
        "version = 1\n[[eligibility]]\nid = \"fix\"\nwho = [\"group:oncall\"]\naccounts = [\"ou:Workloads/Prod\"]\n\
         permission_sets = [\"AdministratorAccess\"]\napproval = \"required\"\n",
    )
    .unwrap()
    .eligibility;
    policy.deny = vec![deny("no", "group:contractors", "tag:env=prod", "*")];
    policy
}

#[test]
fn a_new_member_and_a_new_account_are_said_and_one_that_leaves_is_not() {
    let before = directory();
    assert!(widened(&document(), &before, &before).is_empty());
    let mut after = before.clone();
    let oncall = after
        .groups
        .values_mut()
        .find(|group| group.name == "oncall")
        .unwrap();
    oncall.members.insert(user("frank"));
    oncall.members.remove(&user("alice"));
    let sandbox = after.accounts.get_mut(&account_id("sandbox-a")).unwrap();
    sandbox.ou_ids = vec!["ou-w".to_owned(), "ou-wp".to_owned()];
    assert_eq!(
        widened(&document(), &before, &after),
        ["eligibility rule fix is about more: people frank (id-frank); accounts sandbox-a (333333333333)"]
    );
}

#[test]
fn a_tag_that_goes_takes_a_deny_with_it() {
    let before = directory();
    let mut after = before.clone();
    after
        .accounts
        .get_mut(&account_id("prod-ledger"))
        .unwrap()
        .tags
        .clear();
    assert_eq!(
        widened(&document(), &before, &after),
        ["deny rule no is no more about: accounts prod-ledger (111111111111)"]
    );
    let mut gone = before.clone();
    gone.accounts.remove(&account_id("prod-ledger"));
    assert!(widened(&document(), &before, &gone).is_empty());
}
