//! The same against a third party's emulator, so that not all of the wire format is our own reading of it.
//!
//! `TEAM_TEST_PYTHON=/venv/bin/python cargo test -p teamd-aws-sdk moto` with `moto[server]==5.2.5` and
//! `boto3` in that virtual environment. Skipped, and said so, without.

use super::{connect, settings, start};
use crate::Aws;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use teamd_aws::config::AwsSettings;
use teamd_aws::port::{Assignments, DirectorySource, Lane, OwnIdentity};
use teamd_domain::grant::{Reply, Status};
use teamd_domain::request::Key;

/// Fills the emulator: an organisation with nested OUs, two people, a group with access, a permission set.
const FILL: &str = r#"
import boto3, sys
kw = dict(endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
org, sso, ids = (boto3.client(n, **kw) for n in ("organizations", "sso-admin", "identitystore"))
org.create_organization(FeatureSet="ALL")
root = org.list_roots()["Roots"][0]["Id"]
work = org.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
prod = org.create_organizational_unit(ParentId=work, Name="Prod")["OrganizationalUnit"]["Id"]
acct = org.create_account(Email="a@example.com", AccountName="prod-app")["CreateAccountStatus"]["AccountId"]
org.move_account(AccountId=acct, SourceParentId=root, DestinationParentId=prod)
org.tag_resource(ResourceId=acct, Tags=[{"Key": "env", "Value": "prod"}])
inst = sso.list_instances()["Instances"][0]
arn = sso.create_permission_set(InstanceArn=inst["InstanceArn"], Name="Admin", SessionDuration="PT8H")["PermissionSet"]["PermissionSetArn"]
store = inst["IdentityStoreId"]
users = [ids.create_user(IdentityStoreId=store, UserName=n, DisplayName=n.title(), Name={"GivenName": n, "FamilyName": "X"})["UserId"] for n in ("alice", "bob")]
group = ids.create_group(IdentityStoreId=store, DisplayName="oncall")["GroupId"]
ids.create_group_membership(IdentityStoreId=store, GroupId=group, MemberId={"UserId": users[0]})
sso.create_account_assignment(InstanceArn=inst["InstanceArn"], TargetId=acct, TargetType="AWS_ACCOUNT", PermissionSetArn=arn, PrincipalType="GROUP", PrincipalId=group)
"#;

pub(super) struct Moto(Child);

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) async fn moto(python: &str) -> (Moto, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .unwrap()
        .port();
    let server = Command::new(python)
        .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("TEAM_TEST_PYTHON starts moto.server");
    let server = Moto(server);
    for _ in 0..150 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return (server, format!("http://127.0.0.1:{port}"));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("moto did not start listening");
}

pub(super) async fn discovering(url: &str) -> Aws {
    let settings = AwsSettings {
        instance_arn: None,
        identity_store_id: None,
        timeouts: AwsSettings::default().timeouts,
        ..settings(url)
    };
    connect(settings).await.0
}

#[tokio::test]
async fn the_adapters_work_against_moto() {
    let Ok(python) = std::env::var("TEAM_TEST_PYTHON") else {
        eprintln!("SKIPPED: TEAM_TEST_PYTHON does not name a python with moto[server] and boto3");
        return;
    };
    let (_server, url) = moto(&python).await;
    let aws = discovering(&url).await;

    let empty = aws.load(start()).await.unwrap();
    let own = aws.account().await.unwrap();
    assert_eq!(
        empty.accounts.keys().collect::<Vec<_>>(),
        [&own],
        "before there is an organisation"
    );

    let filled = Command::new(&python).args(["-c", FILL, &url]).output().unwrap();
    assert!(
        filled.status.success(),
        "{}",
        String::from_utf8_lossy(&filled.stderr)
    );
    let directory = aws.load(start()).await.unwrap();
    assert_eq!(directory.management_account, Some(own));
    let account = directory
        .accounts
        .values()
        .find(|account| account.name == "prod-app")
        .unwrap();
    assert!(account.active);
    assert_eq!(directory.ou_path(account), "Workloads/Prod");
    assert_eq!(account.tags["env"], "prod");
    let set = directory.permission_set("Admin").unwrap();
    assert_eq!(set.session_seconds, 8 * 3600);
    let alice = directory.person_named("alice").unwrap();
    assert!(alice.enabled);
    assert_eq!(
        directory.held_through(&alice.id, &account.id, &set.arn),
        ["oncall"]
    );
    let fresh = aws.person(&directory.identity_store_id, &alice.id).await.unwrap();
    assert!(fresh.enabled && fresh.groups.len() == 1);

    let key = Key {
        user: alice.id.clone(),
        account: account.id.clone(),
        permission_set: set.arn.clone(),
    };
    let listed = |present| Reply::Listed { present };
    assert_eq!(
        aws.list(&key, Lane::Grant).await,
        listed(false),
        "a group's access is not theirs"
    );
    let not_there = aws.delete(&key).await;
    assert!(matches!(not_there, Reply::NotFound { .. }), "{not_there:?}");
    let Reply::Accepted { request_id, status } = aws.create(&key).await else {
        panic!("not accepted");
    };
    assert_eq!(status, Status::Succeeded);
    let described = aws.creation_status(&request_id, Lane::Grant).await;
    assert_eq!(described, Reply::Status(Status::Succeeded));
    assert_eq!(aws.list(&key, Lane::Grant).await, listed(true));
    let Reply::Accepted { request_id, .. } = aws.delete(&key).await else {
        panic!("not accepted");
    };
    let described = aws.deletion_status(&request_id).await;
    assert_eq!(described, Reply::Status(Status::Succeeded));
    assert_eq!(aws.list(&key, Lane::Removal).await, listed(false));
}
