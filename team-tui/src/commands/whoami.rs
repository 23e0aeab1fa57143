//! `whoami`: who the daemon takes us for, and why; with `--explain`, the same of any login.

use super::{Context, Outcome};

pub(super) async fn run(cx: &Context) -> Outcome {
    let me = cx.client.me().await?;
    if cx.out.is_json() {
        return cx.out.document(&me);
    }
    let person = match &me.person {
        Some(person) => format!(
            "{} ({}, {})",
            person.user_name, person.display_name, person.user_id
        ),
        None if me.uid == 0 => "the operator (uid 0): never a person".to_owned(),
        None => "nobody in Identity Center".to_owned(),
    };
    let login = me.login.as_deref().unwrap_or("?");
    let login_uid = match me.login_uid {
        Some(uid) => format!(", login uid {uid}"),
        None if me.login_uid_unknown => ", login uid unknown: changes are refused".to_owned(),
        None => String::new(),
    };
    cx.out.line(&format!("you are   {person}"))?;
    cx.out
        .line(&format!("login     {login} (uid {}{login_uid})", me.uid))?;
    cx.out.line(&format!("why       {}", me.explanation))?;
    cx.out.line(&format!("roles     {}", list(&me.roles)))?;
    cx.out.line(&format!("groups    {}", list(&me.groups)))?;
    cx.out.line(&format!("teamd     {}", me.daemon_version))?;
    me.notices
        .iter()
        .try_for_each(|notice| cx.out.line(&format!("notice    {notice}")))
}

/// Whom another login stands for.
pub(super) async fn explain(cx: &Context, login: &str) -> Outcome {
    let found = cx.client.login(login).await?;
    if cx.out.is_json() {
        return cx.out.document(&found);
    }
    let uid = found.uid.map_or_else(
        || "not a login of this machine".to_owned(),
        |uid| format!("uid {uid}"),
    );
    let person = match &found.person {
        Some(person) => format!(
            "{} ({}, {})",
            person.user_name, person.display_name, person.user_id
        ),
        None if found.uid == Some(0) => "the operator (uid 0): never a person".to_owned(),
        None => "nobody in Identity Center".to_owned(),
    };
    cx.out.line(&format!("login     {} ({uid})", found.login))?;
    cx.out.line(&format!("is        {person}"))?;
    cx.out.line(&format!("why       {}", found.explanation))?;
    cx.out.line(&format!("roles     {}", list(&found.roles)))?;
    cx.out.line(&format!("groups    {}", list(&found.groups)))?;
    found
        .warnings
        .iter()
        .try_for_each(|warning| cx.out.line(&format!("warning   {warning}")))
}

fn list(items: &[String]) -> String {
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}
