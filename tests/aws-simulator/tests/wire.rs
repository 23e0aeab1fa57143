//! The wire, byte by byte: what any HTTP client sees.

use std::time::Duration;

use aws_simulator::{FaultKind, FaultRule, Faults, Simulator, SimulatorConfig};
use reqwest::{Client, Response};
use serde_json::{Value, json};

struct World {
    simulator: Simulator,
    http: Client,
    instance: String,
}

async fn world(faults: Faults) -> World {
    let simulator = Simulator::start(SimulatorConfig {
        faults,
        ..SimulatorConfig::default()
    })
    .await
    .unwrap();
    let instance = simulator.model().lock().unwrap().instance_arn().to_owned();
    let http = Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(3))
        .build()
        .unwrap();
    World {
        simulator,
        http,
        instance,
    }
}

impl World {
    async fn send(&self, target: &str, body: &Value, access_key: &str) -> reqwest::Result<Response> {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/20261122/eu-west-1/x/aws4_request, Signature=0"
        );
        let request = self
            .http
            .post(self.simulator.url())
            .header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.1");
        request
            .header("authorization", scope)
            .body(body.to_string())
            .send()
            .await
    }

    /// The answer of the management account's call: status and body.
    async fn call(&self, target: &str, body: Value) -> (u16, Value) {
        let response = self.send(target, &body, "AKIAANY").await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// Asks until the answer is as wanted: operations take their time.
    async fn until(&self, target: &str, body: Value, wanted: impl Fn(&Value) -> bool) {
        let asked = async { while !wanted(&self.call(target, body.clone()).await.1) {} };
        let in_time = tokio::time::timeout(Duration::from_secs(10), asked).await;
        assert!(in_time.is_ok(), "{target} never answered as wanted");
    }

    async fn control(&self, path: &str) -> Value {
        let url = format!("{}/_simulator/{path}", self.simulator.url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let url = format!("{}/_simulator/{path}", self.simulator.url());
        let response = self.http.post(url).body(body.to_owned()).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    fn assignment(&self, user: &str) -> Value {
        let model = self.simulator.model();
        let org = model.lock().unwrap();
        let key = org.user_key(user, "prod-ledger", "DatabaseAdmin").unwrap();
        json!({
            "InstanceArn": self.instance, "TargetId": key.account, "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": key.permission_set, "PrincipalType": "USER", "PrincipalId": key.principal.id(),
        })
    }
}

const CREATE: &str = "SWBExternalService.CreateAccountAssignment";

#[tokio::test]
async fn answers_look_like_awss() {
    let w = world(Faults::default()).await;
    let body = json!({ "InstanceArn": w.instance });
    let response = w
        .send("SWBExternalService.ListPermissionSets", &body, "AKIAANY")
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
    assert_eq!(response.headers()["x-amzn-requestid"].len(), 36);
    assert!(response.headers()["date"].to_str().unwrap().ends_with(" GMT"));

    let response = w
        .send("SWBExternalService.ListPermissionSets", &json!({}), "AKIAANY")
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["x-amzn-errortype"], "ValidationException");
    assert!(response.headers().contains_key("date"));
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["__type"], "ValidationException");
    assert!(
        body["Message"].as_str().unwrap().contains("instanceArn"),
        "{body}"
    );

    let (status, body) = w.call("SWBExternalService.DeleteInstance", json!({})).await;
    assert_eq!(
        (status, body["__type"].as_str()),
        (400, Some("UnknownOperationException"))
    );
    let (status, body) = w
        .call(
            "AWSOrganizationsV20161128.ListAccounts",
            json!({ "MaxResults": 21 }),
        )
        .await;
    assert_eq!(
        (status, body["__type"].as_str()),
        (400, Some("InvalidInputException"))
    );
}

#[tokio::test]
async fn organizations_pages_have_twenty_items_at_most() {
    let w = world(Faults {
        empty_pages: true,
        rate_limits: false,
        ..Faults::default()
    })
    .await;
    let (mut names, mut sizes, mut input) = (Vec::new(), Vec::new(), json!({ "MaxResults": 8 }));
    loop {
        let (status, page) = w
            .call("AWSOrganizationsV20161128.ListAccounts", input.clone())
            .await;
        assert_eq!(status, 200, "{page}");
        let accounts = page["Accounts"].as_array().unwrap();
        sizes.push(accounts.len());
        names.extend(
            accounts
                .iter()
                .map(|account| account["Name"].as_str().unwrap().to_owned()),
        );
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(sizes, [0, 8, 0, 8, 0, 3]);
    assert!(names.contains(&"prod-payments".to_owned()));
}

#[tokio::test]
async fn an_assignment_comes_and_goes() {
    let w = world(Faults {
        assignment_latency_ms: 100,
        conflict_window_ms: 0,
        rate_limits: false,
        ..Faults::default()
    })
    .await;
    let body = w.assignment("alice");
    let (_, created) = w.call(CREATE, body.clone()).await;
    let status = &created["AccountAssignmentCreationStatus"];
    assert_eq!(status["Status"], "IN_PROGRESS");
    assert!(status["CreatedDate"].is_f64());
    let (code, refused) = w
        .call("SWBExternalService.DeleteAccountAssignment", body.clone())
        .await;
    assert_eq!(
        (code, refused["__type"].as_str()),
        (400, Some("ConflictException"))
    );
    let question =
        json!({ "InstanceArn": w.instance, "AccountAssignmentCreationRequestId": status["RequestId"] });
    let describe = "SWBExternalService.DescribeAccountAssignmentCreationStatus";
    w.until(describe, question, |described| {
        described["AccountAssignmentCreationStatus"]["Status"] == "SUCCEEDED"
    })
    .await;
    let list = json!({
        "InstanceArn": w.instance, "AccountId": body["TargetId"], "PermissionSetArn": body["PermissionSetArn"],
    });
    let (_, listed) = w
        .call("SWBExternalService.ListAccountAssignments", list.clone())
        .await;
    assert_eq!(
        listed["AccountAssignments"][0]["PrincipalId"],
        body["PrincipalId"]
    );
    w.call("SWBExternalService.DeleteAccountAssignment", body).await;
    w.until("SWBExternalService.ListAccountAssignments", list, |listed| {
        listed["AccountAssignments"] == json!([])
    })
    .await;
}

#[tokio::test]
async fn sts_speaks_query_and_decides_who_calls() {
    let w = world(Faults::default()).await;
    let ask = |body: &'static str| w.http.post(w.simulator.url()).body(body).send();
    let role = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=teamd\
                &RoleArn=arn%3Aaws%3Aiam%3A%3A400000000031%3Arole%2Fteamd-trail-reader";
    let answer = ask(role).await.unwrap().text().await.unwrap();
    let element = |name: &str| {
        let rest = answer.split_once(&format!("<{name}>")).unwrap().1;
        rest.split_once("</").unwrap().0.to_owned()
    };
    let key = element("AccessKeyId");
    assert!(element("Expiration").ends_with('Z'));
    let response = w
        .send("AWSOrganizationsV20161128.ListAccounts", &json!({}), &key)
        .await
        .unwrap();
    assert_eq!(
        response.json::<Value>().await.unwrap()["__type"],
        "AccessDeniedException"
    );
    let trail = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    let response = w.send(trail, &json!({}), &key).await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap()["Events"], json!([]));
    let (status, two) = w.call(trail, json!({ "LookupAttributes": [{}, {}] })).await;
    assert_eq!(
        (status, two["__type"].as_str()),
        (400, Some("InvalidLookupAttributesException"))
    );
    let refused = ask("Action=AssumeRole&RoleSessionName=x&RoleArn=arn:aws:iam::999999999999:role/x")
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
    assert!(
        refused
            .text()
            .await
            .unwrap()
            .contains("<Code>AccessDenied</Code>")
    );
}

#[tokio::test]
async fn faults_reach_the_wire() {
    let rule = |user: &str, kind| FaultRule {
        user: Some(user.into()),
        ..FaultRule::new("sso:*", kind)
    };
    let faults = Faults {
        date_skew_ms: 86_400_000,
        ..Faults::default()
    }
    .with(rule("alice", FaultKind::DropBefore))
    .with(rule("bob", FaultKind::TimeoutAfterSuccess))
    .with(rule("carol", FaultKind::InternalError))
    .with(rule("dave", FaultKind::TimeoutAfterSuccess).delay_ms(200));
    let w = world(faults).await;
    let dropped = w.send(CREATE, &w.assignment("alice"), "AKIA").await.unwrap_err();
    assert!(!dropped.is_timeout(), "{dropped:?}");
    let silent = w.send(CREATE, &w.assignment("bob"), "AKIA").await.unwrap_err();
    assert!(silent.is_timeout(), "{silent:?}");
    let (status, body) = w.call(CREATE, w.assignment("carol")).await;
    assert_eq!(
        (status, body["__type"].as_str()),
        (500, Some("InternalServerException"))
    );
    let began = std::time::Instant::now();
    let late = w.send(CREATE, &w.assignment("dave"), "AKIA").await.unwrap();
    assert!(late.status() == 200 && began.elapsed() >= Duration::from_millis(200));

    tokio::time::sleep(Duration::from_millis(1100)).await;
    let rows = w.control("assignments").await;
    let rows = rows["assignments"].as_array().unwrap();
    let names = rows
        .iter()
        .filter(|row| row["account_name"] == "prod-ledger")
        .map(|row| &row["principal_name"]);
    let mut names: Vec<_> = names.map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["bob", "dave"]);
    let calls = w.control("calls?after=1").await;
    assert_eq!(calls["calls"][0]["outcome"]["kind"], "performed_unanswered");
    assert_eq!(calls["calls"][1]["outcome"]["code"], "InternalServerException");
    assert_eq!(calls["calls"][1]["operation"], "sso:CreateAccountAssignment");
    w.simulator.shutdown().await;
}

#[tokio::test]
async fn faults_change_while_running() {
    let w = world(Faults::default()).await;
    let question = || {
        w.call(
            "AWSIdentityStore.ListUsers",
            json!({ "IdentityStoreId": store(&w) }),
        )
    };
    assert_eq!(question().await.0, 200);
    let rule = "[[rule]]\noperation = 'identitystore:ListUsers'\nkind = 'throttle'\ncount = 1";
    assert_eq!(w.post("faults", rule).await.0, 200);
    let (status, body) = question().await;
    assert_eq!(
        (status, body["__type"].as_str()),
        (400, Some("ThrottlingException"))
    );
    assert_eq!(question().await.0, 200);
    assert_eq!(w.control("faults").await["hits"], json!([1]));
    let (status, problem) = w.post("faults", "latency = 5").await;
    assert_eq!(status, 400);
    assert!(problem.contains("unknown field `latency`"), "{problem}");
    assert_eq!(w.post("reset-faults", "").await.0, 200);
    assert_eq!(w.control("faults").await["hits"], json!([]));
}

#[tokio::test]
async fn the_world_changes_behind_awss_back() {
    let w = world(Faults::default()).await;
    let body = r#"{"user": "frank", "account": "prod-web", "permission_set": "AdministratorAccess"}"#;
    let (status, added) = w.post("assignments", body).await;
    assert_eq!(status, 200, "{added}");
    let set = serde_json::from_str::<Value>(&added).unwrap()["permission_set"].clone();
    let list = json!({ "InstanceArn": w.instance, "AccountId": "400000000033", "PermissionSetArn": set });
    let (_, listed) = w.call("SWBExternalService.ListAccountAssignments", list).await;
    assert_eq!(listed["AccountAssignments"].as_array().unwrap().len(), 1);
    assert_eq!(
        w.post("assignments", &body.replace("frank", "nobody")).await.0,
        400
    );
    assert_eq!(
        w.post("user-status", r#"{"user": "alice", "enabled": false}"#)
            .await
            .0,
        200
    );
    let organisation = w.control("organisation").await;
    let users = organisation["users"].as_array().unwrap();
    assert!(
        users
            .iter()
            .any(|user| user["name"] == "alice" && user["enabled"] == false)
    );
}

fn store(w: &World) -> String {
    w.simulator.model().lock().unwrap().identity_store_id().to_owned()
}
