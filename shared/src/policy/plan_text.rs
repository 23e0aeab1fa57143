//! A plan as text: the same from the command line and, offline, from the daemon's binary.

use super::{ApprovalChange, EntitlementChange, PolicyPlan, TouchedRequest};

/// The whole plan, line by line. Names in it are as AWS has them: whoever prints it makes them inert.
#[must_use]
pub fn plan_lines(plan: &PolicyPlan) -> Vec<String> {
    let mut lines = Vec::new();
    if plan.diff.is_empty() {
        lines.push(format!("the same document as version {}", plan.base_version));
    } else {
        lines.push(format!("against version {}:", plan.base_version));
    }
    let mut section = |title: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(String::new());
            lines.push(title.to_owned());
            lines.extend(items.into_iter().map(|item| format!("  {item}")));
        }
    };
    let findings = plan.findings.iter();
    section(
        "findings",
        findings
            .map(|one| format!("{} {}: {}: {}", one.severity, one.code, one.about, one.says))
            .collect(),
    );
    section("stale", plan.stale.clone());
    let rules = plan.rules.iter().flat_map(|rule| {
        let head = format!("{} {} rule {}", rule.change, rule.kind, rule.id);
        let fields = rule.fields.iter().map(|field| format!("    {field}"));
        std::iter::once(head).chain(fields).collect::<Vec<_>>()
    });
    section("rules", rules.collect());
    let settings = plan.settings.iter();
    section(
        "settings",
        settings
            .map(|one| format!("{}: {} -> {}", one.key, shown(&one.from), shown(&one.to)))
            .collect(),
    );
    let roles = plan.roles.iter().flat_map(|one| {
        let part = |sign: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{sign} {}: {}", one.role, few(names, names.len())))
        };
        [part("+", &one.gain), part("-", &one.lose)].into_iter().flatten()
    });
    section("roles", roles.collect());
    section("may ask for (+), and no more (-)", {
        let gains = plan.gains.iter().map(|one| entitlement("+", one));
        let losses = plan.losses.iter().map(|one| entitlement("-", one));
        gains.chain(losses).collect()
    });
    section(
        "may still ask for, under other conditions",
        plan.changes.iter().map(|one| entitlement("~", one)).collect(),
    );
    section(
        "decide on (+), and no more (-)",
        plan.approvals.iter().map(approval).collect(),
    );
    section(
        "requests that would be withdrawn",
        plan.withdrawn.iter().map(touched).collect(),
    );
    section("access that would end", plan.ending.iter().map(touched).collect());
    lines.push(String::new());
    lines.push(format!(
        "administrator-like access, people × accounts: {} -> {}",
        plan.administrators_before, plan.administrators_after
    ));
    lines
}

fn entitlement(sign: &str, one: &EntitlementChange) -> String {
    let who = one.group.as_ref().map_or_else(
        || few(&one.people, one.people_count),
        |group| format!("group {group} ({})", one.people_count),
    );
    let how = if one.break_glass { " as break-glass" } else { "" };
    let terms = match (one.from.as_str(), one.to.as_str()) {
        ("", to) => to.to_owned(),
        (from, "") => format!("was {from}"),
        (from, to) => format!("{from} -> {to}"),
    };
    format!(
        "{sign} {who}: {} in {}{how}: {terms} (rule {})",
        few(&one.permission_sets, one.permission_set_count),
        few(&one.accounts, one.account_count),
        one.rule
    )
}

fn approval(one: &ApprovalChange) -> String {
    format!(
        "{} {}: {} in {}",
        if one.gain { "+" } else { "-" },
        few(&one.people, one.people_count),
        few(&one.permission_sets, one.permission_set_count),
        few(&one.accounts, one.account_count)
    )
}

fn touched(one: &TouchedRequest) -> String {
    format!(
        "{} {} ({}): {} in {}: {}",
        one.id.short(),
        one.user_name,
        one.state,
        one.permission_set,
        one.account,
        one.reason
    )
}

fn shown(value: &str) -> &str {
    if value.is_empty() { "(none)" } else { value }
}

/// The first names of a list, and how many more there are.
fn few(names: &[String], count: usize) -> String {
    const SHOWN: usize = 5;
    let text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match count.saturating_sub(SHOWN.min(names.len())) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
