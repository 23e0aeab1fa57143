//! The JSON of CloudTrail records, in the shape AWS writes for Identity Center sessions.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::assignments::OperationKind;
use super::repertoire::Deed;
use super::rng::Rng;
use super::trail::NewEvent;
use super::types::{AssignmentKey, User};
use super::{Organisation, ids};
use crate::faults::Happened;

/// Credentials somebody got for a permission set's role in an account.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user_id: String,
    pub(crate) account: String,
    /// The role's name when the session began; a later one may have another.
    pub(crate) role: String,
    pub(crate) access_key: String,
    pub(crate) created_ms: i64,
}

impl Organisation {
    /// The name of the role that a permission set has in an account.
    pub fn role_name(&self, account: &str, permission_set: &str) -> String {
        let name = self
            .permission_set(permission_set)
            .map_or("Unknown", |set| set.name.as_str());
        let generation = self.trail.role_generation(account, permission_set);
        let suffix = ids::hex(&format!("{account} {permission_set} {generation}"), 16);
        format!("AWSReservedSSO_{name}_{suffix}")
    }

    /// New credentials, and the management account's event that says so.
    pub(super) fn open_session(&mut self, user: &User, account: &str, set: &str, at_ms: i64) -> Session {
        let serial = self.next_serial();
        let session = Session {
            user_id: user.id.clone(),
            account: account.to_owned(),
            role: self.role_name(account, set),
            access_key: ids::unique("ASIA", &format!("{} credentials {serial}", self.id)),
            created_ms: at_ms,
        };
        let event_id = self.event_id();
        let record = json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IdentityCenterUser",
                "accountId": self.management,
                "onBehalfOf": self.on_behalf_of(&user.id),
                "credentialId": ids::uuid(&format!("portal {}", user.id)),
            },
            "eventTime": timestamp(at_ms),
            "eventSource": "sso.amazonaws.com",
            "eventName": "GetRoleCredentials",
            "awsRegion": self.region,
            "sourceIPAddress": address_of(&user.id),
            "userAgent": agent_of(&user.id),
            "requestParameters": null,
            "responseElements": null,
            "requestID": ids::uuid(&format!("request {event_id}")),
            "eventID": event_id,
            "readOnly": true,
            "eventType": "AwsServiceEvent",
            "managementEvent": true,
            "recipientAccountId": self.management,
            "serviceEventDetails": {
                "role_name": self.permission_set(set).map(|set| set.name.as_str()),
                "account_id": account,
            },
            "eventCategory": "Management",
        });
        let event = NewEvent {
            id: event_id,
            name: "GetRoleCredentials".into(),
            source: "sso.amazonaws.com".into(),
            time_ms: at_ms,
            read_only: true,
            access_key_id: None,
            // Since July 2025 such records have no name, so none can be looked up by one.
            username: String::new(),
            resources: Vec::new(),
            record: record.to_string(),
        };
        let (account, region) = (self.management.clone(), self.region.clone());
        self.write_event(&account, &region, event);
        session
    }

    /// A call made with the session's credentials, in the history of the session's account.
    pub(super) fn record_deed(&mut self, session: &Session, deed: &Deed, rng: &mut Rng, at_ms: i64) {
        let Some(user) = self.users.get(&session.user_id).cloned() else {
            return;
        };
        let event_id = self.event_id();
        let region = if deed.is_global() {
            "us-east-1".to_owned()
        } else {
            self.region.clone()
        };
        let resource = deed.resource.map(|(kind, name)| {
            let digits = ids::hex(&rng.below(6).to_string(), 8);
            (kind.to_owned(), name.replace('#', &digits))
        });
        let parameters = match &resource {
            Some((_, name)) => json!({ deed.parameter: name }),
            None if deed.name == "GetCallerIdentity" => Value::Null,
            None => json!({ deed.parameter: 100 }),
        };
        let source = format!("{}.amazonaws.com", deed.service);
        let mut record = json!({
            "eventVersion": "1.11",
            "userIdentity": self.role_identity(session, &user),
            "eventTime": timestamp(at_ms),
            "eventSource": source,
            "eventName": deed.name,
            "awsRegion": region,
            "sourceIPAddress": address_of(&user.id),
            "userAgent": agent_of(&user.id),
            "requestParameters": parameters,
            "responseElements": null,
            "requestID": ids::uuid(&format!("request {event_id}")),
            "eventID": event_id,
            "readOnly": deed.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": session.account,
            "eventCategory": "Management",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": format!("{}.{region}.amazonaws.com", deed.service),
            },
        });
        if let Some(code) = deed.error {
            record["errorCode"] = code.into();
            record["errorMessage"] = "You are not authorized to perform this operation.".into();
        }
        let event = NewEvent {
            id: event_id,
            name: deed.name.into(),
            source,
            time_ms: at_ms,
            read_only: deed.read_only,
            access_key_id: Some(session.access_key.clone()),
            username: user.user_name,
            resources: resource.into_iter().collect(),
            record: record.to_string(),
        };
        self.write_event(&session.account, &region, event);
    }

    /// The management account's event of an assignment call.
    pub(super) fn record_assignment_call(&mut self, kind: OperationKind, key: &AssignmentKey, at_ms: i64) {
        let name = match kind {
            OperationKind::Create => "CreateAccountAssignment",
            OperationKind::Delete => "DeleteAccountAssignment",
        };
        let event_id = self.event_id();
        let account = self.management.clone();
        let record = json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": format!("{}:teamd", ids::unique("AROA", &account)),
                "arn": format!("arn:aws:sts::{account}:assumed-role/teamd/teamd"),
                "accountId": account,
            },
            "eventTime": timestamp(at_ms),
            "eventSource": "sso.amazonaws.com",
            "eventName": name,
            "awsRegion": self.region,
            "sourceIPAddress": "203.0.113.10",
            "userAgent": "aws-sdk-rust",
            "requestParameters": {
                "instanceArn": self.instance_arn,
                "targetId": key.account,
                "targetType": "AWS_ACCOUNT",
                "permissionSetArn": key.permission_set,
                "principalType": key.principal.kind(),
                "principalId": key.principal.id(),
            },
            "responseElements": null,
            "requestID": ids::uuid(&format!("request {event_id}")),
            "eventID": event_id,
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        });
        let event = NewEvent {
            id: event_id,
            name: name.into(),
            source: "sso.amazonaws.com".into(),
            time_ms: at_ms,
            read_only: false,
            access_key_id: None,
            username: "teamd".into(),
            resources: Vec::new(),
            record: record.to_string(),
        };
        let region = self.region.clone();
        self.write_event(&account, &region, event);
    }

    pub(super) fn write_event(&mut self, account: &str, region: &str, event: NewEvent) {
        let faults = self.faults();
        let base_ms = event.time_ms + faults.trail_lag_ms;
        let name = self.accounts.get(account).map(|account| account.name.as_str());
        let place = [Some(account), name];
        let happened = Happened {
            id: &event.id,
            time_ms: event.time_ms,
            account: place,
            began_ms: self.engine.began_ms(),
        };
        let seen = faults.delivery.seen(&happened, base_ms, faults.seed);
        for visible_ms in seen {
            self.trail.write(account, region, visible_ms, event.clone());
        }
    }

    pub(super) fn event_id(&mut self) -> String {
        let serial = self.next_serial();
        ids::uuid(&format!("{} event {serial}", self.id))
    }

    fn role_identity(&self, session: &Session, user: &User) -> Value {
        let account = &session.account;
        let role = &session.role;
        let role_id = ids::unique("AROA", &format!("{account} {role}"));
        // The role's path names the region, but not where that is us-east-1.
        let path = if self.region == "us-east-1" {
            String::new()
        } else {
            format!("{}/", self.region)
        };
        json!({
            "type": "AssumedRole",
            "principalId": format!("{role_id}:{}", user.user_name),
            "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{}", user.user_name),
            "accountId": account,
            "accessKeyId": session.access_key,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": role_id,
                    "arn": format!("arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/{path}{role}"),
                    "accountId": account,
                    "userName": role,
                },
                "attributes": { "creationDate": timestamp(session.created_ms), "mfaAuthenticated": "false" },
            },
            "onBehalfOf": self.on_behalf_of(&user.id),
        })
    }

    fn on_behalf_of(&self, user_id: &str) -> Value {
        let (account, store) = (&self.management, &self.identity_store_id);
        json!({
            "userId": user_id,
            "identityStoreArn": format!("arn:aws:identitystore::{account}:identitystore/{store}"),
        })
    }
}

/// Seconds, as CloudTrail writes them.
pub(super) fn timestamp(at_ms: i64) -> String {
    DateTime::from_timestamp_millis(at_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Everybody has an address of his own, in a range reserved for documentation.
fn address_of(user_id: &str) -> String {
    format!("198.51.100.{}", 1 + ids::fingerprint(user_id) % 254)
}

fn agent_of(user_id: &str) -> &'static str {
    const AGENTS: &[&str] = &[
        "aws-cli/2.31.8 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7",
        "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
        "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 terraform-provider-aws/6.16.0",
        "aws-sdk-go-v2/1.39.2 ua/2.1 os/macos lang/go#1.25.1",
    ];
    AGENTS[usize::try_from(ids::fingerprint(user_id) % AGENTS.len() as u64).unwrap_or(0)]
}
