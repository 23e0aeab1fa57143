//! `why`: how policy comes to its answer, in words.

use super::{Context, Outcome};
use crate::cli::WhyArgs;
use team_shared::duration::Seconds;
use team_shared::policy::{ExplainQuery, Explanation, PartTrace, RuleTrace};

/// Exit 0 whatever the answer: it is one.
pub(super) async fn run(cx: &Context, args: WhyArgs) -> Outcome {
    let duration = args.duration.as_deref().map(str::parse::<Seconds>).transpose()?;
    let query = ExplainQuery {
        user: args.user,
        account: args.account,
        permission_set: args.permission_set,
        duration_seconds: duration.map(Seconds::get),
        break_glass: args.break_glass,
    };
    let explanation = cx.client.explain(&query).await?;
    if cx.out.is_json() {
        return cx.out.document(&explanation);
    }
    for line in lines(&explanation) {
        cx.out.line(&line)?;
    }
    Ok(())
}

/// The whole answer, for people.
pub(crate) fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![sentence(&explanation.summary)];
    lines.extend(explanation.help.iter().map(|help| format!("  {help}")));
    if !explanation.overseers.is_empty() {
        let names: Vec<&str> = explanation
            .overseers
            .iter()
            .map(|person| person.user_name.as_str())
            .collect();
        lines.push(format!("  looked on by {}", names.join(", ")));
    }
    lines.push(String::new());
    lines.push(format!(
        "{}: {}",
        explanation.person.user_name,
        if explanation.groups.is_empty() {
            "in no group".to_owned()
        } else {
            format!("in {}", explanation.groups.join(", "))
        }
    ));
    if explanation.rules.is_empty() {
        lines.push(format!(
            "policy version {} has no rules",
            explanation.policy_version
        ));
        return lines;
    }
    lines.push(format!("rules of policy version {}:", explanation.policy_version));
    for rule in &explanation.rules {
        lines.push(format!(
            "  {} {}: {}{}",
            rule.kind,
            rule.id,
            rule.outcome,
            cap(rule)
        ));
        lines.extend(worth_saying(rule).map(|part| {
            let mark = if part.fits { "+" } else { "-" };
            format!("    {mark} {}", part.says)
        }));
    }
    lines
}

/// Of a rule that does not match, what does not; of the others, everything.
fn worth_saying(rule: &RuleTrace) -> impl Iterator<Item = &PartTrace> {
    let is_miss = rule.outcome == "does not match";
    rule.parts.iter().filter(move |part| !is_miss || !part.fits)
}

fn cap(rule: &RuleTrace) -> String {
    match rule.cap_seconds.filter(|_| rule.outcome != "does not match") {
        Some(cap) => format!(", up to {cap}"),
        None => String::new(),
    }
}

/// With a capital, as a sentence begins.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    // A name stays as it is written.
    match letters.next() {
        Some(first) if text.starts_with("no ") || text.starts_with("you ") => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}
