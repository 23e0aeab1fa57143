//! What the Policy screen asks of the daemon.

use crate::client::{Client, ClientError};
use crate::edit;
use crate::message::Message;
use crate::policy::{Draft, Read, Sheet};
use team_shared::policy::{ExplainQuery, PlanPolicy, PutPolicy};

type Answer = Result<Box<Read>, ClientError>;

pub(super) async fn load(client: &Client) -> Answer {
    let (rules, history) = (client.policy_rules().await?, client.policy_history().await?);
    Ok(Box::new(Read::Rules(rules, history.items)))
}

pub(super) async fn rule(client: &Client, kind: &str, id: &str) -> Answer {
    let detail = client.policy_rule(kind, id).await?;
    Ok(Box::new(Read::Sheet(Sheet::Rule(Box::new(detail)))))
}

pub(super) async fn explain(client: &Client, query: &ExplainQuery) -> Answer {
    let explanation = client.explain(query).await?;
    Ok(Box::new(Read::Sheet(Sheet::Why(Box::new(explanation)))))
}

/// The text to edit: an earlier one, or the one in force in a file of its own.
pub(super) async fn ready(client: &Client, line: usize, draft: Option<Draft>) -> Message {
    if let Some(draft) = draft {
        return Message::EditReady(draft, line);
    }
    let current = match client.policy().await {
        Ok(current) => current,
        Err(error) => return Message::PolicyRead(Err(error)),
    };
    match edit::keep(&current.document) {
        Ok(file) => {
            let draft = Draft {
                document: current.document,
                base: current.version,
                file: file.display().to_string(),
            };
            Message::EditReady(draft, line)
        }
        Err(error) => Message::EditFailed(format!("the text cannot be kept in a file: {error}")),
    }
}

pub(super) async fn plan(client: &Client, draft: Draft) -> Message {
    let body = PlanPolicy {
        document: draft.document.clone(),
        base_version: Some(draft.base),
    };
    match client.plan_policy(&body).await {
        Ok(plan) if plan.diff.is_empty() => {
            edit::forget(draft.file.as_ref());
            Message::PolicyRead(Ok(Box::new(Read::Applied("nothing was changed".to_owned()))))
        }
        Ok(plan) => Message::PolicyRead(Ok(Box::new(Read::Sheet(Sheet::Plan(Box::new(plan), draft))))),
        Err(error) => refused(&error, &draft),
    }
}

pub(super) async fn apply(client: &Client, draft: Draft) -> Message {
    let body = PutPolicy {
        document: draft.document.clone(),
        base_version: Some(draft.base),
        force_reason: None,
    };
    match client.put_policy(&body).await {
        Ok(view) => {
            edit::forget(draft.file.as_ref());
            let text = match &view.proposal {
                Some(_) => "it waits for a second administrator: team-tui policy confirm".to_owned(),
                None => format!("policy version {} is in force", view.version),
            };
            Message::PolicyRead(Ok(Box::new(Read::Applied(text))))
        }
        Err(error) => refused(&error, &draft),
    }
}

/// What was typed is still there.
fn refused(error: &ClientError, draft: &Draft) -> Message {
    Message::EditFailed(format!(
        "{error} · it can be edited again; your text is in {}",
        draft.file
    ))
}
