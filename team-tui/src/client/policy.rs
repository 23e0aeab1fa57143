//! One method per route of the policy.

use super::Client;
use super::api::Answer;
use team_shared::list::Page;
use team_shared::policy::{
    ConfirmPolicy, ExplainQuery, Explanation, PlanPolicy, PolicyPlan, PolicyRules, PolicyTest, PolicyVersion,
    PolicyView, PutPolicy, RollBackPolicy, RuleDetail, TestPolicy,
};
use team_shared::routes;

/// What each method may answer is in [`ClientError`](super::ClientError); routes and bodies are the contract's.
#[allow(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "one line per route; the contract documents them"
)]
impl Client {
    pub async fn policy(&self) -> Answer<PolicyView> {
        self.get(routes::POLICY, &[]).await
    }

    pub async fn put_policy(&self, body: &PutPolicy) -> Answer<PolicyView> {
        self.put(routes::POLICY, body).await
    }

    pub async fn policy_at(&self, version: u64) -> Answer<PolicyView> {
        self.get(routes::POLICY, &[("version", version.to_string())])
            .await
    }

    pub async fn plan_policy(&self, body: &PlanPolicy) -> Answer<PolicyPlan> {
        self.post(routes::POLICY_PLAN, body, &super::fresh_key()).await
    }

    pub async fn policy_rules(&self) -> Answer<PolicyRules> {
        self.get(routes::POLICY_RULES, &[]).await
    }

    pub async fn policy_rule(&self, kind: &str, id: &str) -> Answer<RuleDetail> {
        self.get(&routes::policy_rule(kind, id), &[]).await
    }

    pub async fn confirm_policy(&self, body: &ConfirmPolicy) -> Answer<PolicyView> {
        self.post(routes::POLICY_CONFIRM, body, &super::fresh_key()).await
    }

    pub async fn roll_back_policy(&self, body: &RollBackPolicy) -> Answer<PolicyView> {
        self.post(routes::POLICY_ROLLBACK, body, &super::fresh_key())
            .await
    }

    /// Changes nothing, so it has no key.
    pub async fn policy_test(&self, body: &TestPolicy) -> Answer<PolicyTest> {
        self.ask(routes::POLICY_TEST, body).await
    }

    pub async fn policy_history(&self) -> Answer<Page<PolicyVersion>> {
        self.all(routes::POLICY_HISTORY, vec![], usize::MAX).await
    }

    pub async fn explain(&self, query: &ExplainQuery) -> Answer<Explanation> {
        let mut pairs: Vec<(&str, String)> = [
            ("user", &query.user),
            ("account", &query.account),
            ("permission_set", &query.permission_set),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.clone()?)))
        .collect();
        if let Some(seconds) = query.duration_seconds {
            pairs.push(("duration_seconds", seconds.to_string()));
        }
        if query.break_glass {
            pairs.push(("break_glass", "true".to_owned()));
        }
        self.get(routes::POLICY_EXPLAIN, &pairs).await
    }
}
