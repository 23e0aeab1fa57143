//! The policy as the Policy screen shows it: what one can ask for, the rules, the settings, the history; and a sheet
//! over each of them.

use crate::app::App;
use crate::commands::why_lines;
use crate::keymap::Keymap;
use team_shared::me::Entitlement;
use team_shared::policy::{
    Explanation, PolicyPlan, PolicyRule, PolicyRules, PolicyVersion, RuleDetail, plan_lines,
};

/// Which part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// What one can ask for: for everybody.
    #[default]
    Mine,
    /// The rules.
    Rules,
    /// Settings and roles.
    Settings,
    /// Versions so far.
    History,
}

impl Part {
    /// The part after this one. Whoever may not read the policy has one only.
    pub(crate) fn next(self, reads: bool) -> Self {
        match self {
            _ if !reads => Self::Mine,
            Self::Mine => Self::Rules,
            Self::Rules => Self::Settings,
            Self::Settings => Self::History,
            Self::History => Self::Mine,
        }
    }
}

/// A document that was edited and is not applied yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Byte for byte.
    pub(crate) document: String,
    /// The version that it was made from.
    pub(crate) base: u64,
    /// Where it is kept until it is applied.
    pub(crate) file: String,
}

/// What lies over the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sheet {
    /// A rule with what it comes to.
    Rule(Box<RuleDetail>),
    /// Why one may or may not.
    Why(Box<Explanation>),
    /// What a version changed.
    Version(Box<PolicyVersion>),
    /// What the edited document would change.
    Plan(Box<PolicyPlan>, Draft),
}

/// The screen's state.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Policy {
    pub(crate) part: Part,
    pub(crate) rules: Option<PolicyRules>,
    pub(crate) history: Option<Vec<PolicyVersion>>,
    pub(crate) index: usize,
    pub(crate) sheet: Option<Sheet>,
    pub(crate) scroll: u16,
    /// Edited, and not applied.
    pub(crate) draft: Option<Draft>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) enum Read {
    Rules(PolicyRules, Vec<PolicyVersion>),
    Sheet(Sheet),
    Applied(String),
}

impl Policy {
    pub(crate) fn take(&mut self, read: Read) {
        match read {
            Read::Rules(rules, history) => {
                self.rules = Some(rules);
                self.history = Some(history);
            }
            Read::Sheet(sheet) => {
                if let Sheet::Plan(_, draft) = &sheet {
                    self.draft = Some(draft.clone());
                }
                self.sheet = Some(sheet);
                self.scroll = 0;
            }
            Read::Applied(_) => {
                self.sheet = None;
                self.draft = None;
            }
        }
    }
}

impl Sheet {
    /// Its title.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Rule(detail) => format!("{} rule {}", detail.rule.kind, detail.rule.id),
            Self::Why(explanation) => format!("why: {}", explanation.person.user_name),
            Self::Version(version) => format!("version {}", version.version),
            Self::Plan(plan, _) => format!("plan against version {}", plan.base_version),
        }
    }

    /// Its text.
    pub(crate) fn lines(&self, keys: &Keymap) -> Vec<String> {
        match self {
            Self::Rule(detail) => rule_lines(detail),
            Self::Why(explanation) => why_lines(explanation),
            Self::Version(version) => {
                let mut lines = vec![format!(
                    "by {}{}, {} lines",
                    version.applied_by,
                    version
                        .confirmed_by
                        .as_ref()
                        .map_or_else(String::new, |name| format!(", confirmed by {name}")),
                    version.change
                )];
                lines.extend(
                    version
                        .rolled_back_to
                        .map(|to| format!("the document of version {to}")),
                );
                lines.extend(version.force_reason.as_ref().map(|why| format!("forced: {why}")));
                lines.push(String::new());
                lines.extend(version.diff.lines().map(ToOwned::to_owned));
                lines
            }
            Self::Plan(plan, draft) => {
                let mut lines = vec![
                    format!(
                        "{} {}",
                        keys.keyed("{apply} applies it · {edit} edits it again · {back} leaves it in"),
                        draft.file
                    ),
                    String::new(),
                ];
                lines.extend(plan_lines(plan));
                lines.push(String::new());
                lines.extend(plan.diff.lines().map(ToOwned::to_owned));
                lines
            }
        }
    }
}

fn rule_lines(detail: &RuleDetail) -> Vec<String> {
    let mut lines: Vec<String> = detail.text.lines().map(ToOwned::to_owned).collect();
    lines.push(String::new());
    for warning in &detail.rule.warnings {
        lines.push(format!("! {warning}"));
    }
    let mut list = |title: &str, names: Vec<String>| {
        lines.push(format!("{title} ({})", names.len()));
        lines.extend(names.into_iter().map(|name| format!("  {name}")));
    };
    let people = |people: &[team_shared::request::PersonRef]| {
        let name = |person: &team_shared::request::PersonRef| {
            format!("{}  {}", person.user_name, person.display_name)
        };
        people.iter().map(name).collect::<Vec<_>>()
    };
    list("people", people(&detail.people));
    if !matches!(detail.rule.kind.as_str(), "deny" | "route") {
        list("who decides", people(&detail.approvers));
    }
    let account =
        |one: &team_shared::request::AccountRef| format!("{}  {}  {}", one.id, one.name, one.ou_path);
    list("accounts", detail.accounts.iter().map(account).collect());
    let sets = detail.permission_sets.iter().map(|set| set.name.clone());
    list("permission sets", sets.collect());
    lines
}

/// How an entitlement is approved, in a word.
pub(crate) fn approval(one: &Entitlement) -> String {
    match (one.break_glass, one.approval_required) {
        (true, _) => "break-glass".to_owned(),
        (false, true) => {
            let names: Vec<&str> = one
                .approvers
                .iter()
                .map(|person| person.user_name.as_str())
                .collect();
            format!("{} of {}", one.quorum, names.join(" "))
        }
        (false, false) => "none".to_owned(),
    }
}

impl App {
    /// Whether the caller may read the policy.
    pub(crate) fn reads_policy(&self) -> bool {
        self.has_role(&["admin", "auditor", "security", "operator"])
    }

    /// Whether the caller may change it.
    pub(crate) fn changes_policy(&self) -> bool {
        self.has_role(&["admin", "operator"])
    }

    fn has_role(&self, of: &[&str]) -> bool {
        let roles = self.me.as_ref().map(|me| me.roles.as_slice()).unwrap_or_default();
        roles.iter().any(|role| of.contains(&role.as_str()))
    }

    /// Rows of the part of the policy that is shown, by their place, filter applied.
    pub(crate) fn policy_rows(&self) -> Vec<usize> {
        let policy = &self.policy;
        let texts: Vec<String> = match policy.part {
            Part::Mine => {
                let of = self.entitlements.iter();
                of.map(|one| {
                    let way = approval(one);
                    format!(
                        "{} {} {} {way}",
                        one.account.name, one.permission_set.name, one.rule
                    )
                })
                .collect()
            }
            Part::Rules => policy
                .rules
                .iter()
                .flat_map(|all| &all.rules)
                .map(rule_text)
                .collect(),
            Part::Settings => {
                let settings = policy.rules.iter().flat_map(|all| &all.settings);
                settings.map(|one| format!("{} {}", one.key, one.value)).collect()
            }
            Part::History => {
                let versions = policy.history.iter().flatten();
                versions
                    .map(|one| format!("{} {} {}", one.version, one.applied_by, one.sha256))
                    .collect()
            }
        };
        let filter = self.filter.value();
        let fits = |text: &String| filter.is_empty() || crate::widgets::fuzzy::matches(filter, text);
        let rows = texts.iter().enumerate().filter(|(_, text)| fits(text));
        rows.map(|(at, _)| at).collect()
    }
}

fn rule_text(rule: &PolicyRule) -> String {
    let lists = [
        &rule.who,
        &rule.accounts,
        &rule.permission_sets,
        &rule.approvers,
        &rule.other,
    ];
    let lists: Vec<String> = lists.iter().map(|list| list.join(" ")).collect();
    format!("{} {} {} {}", rule.kind, rule.id, rule.approval, lists.join(" "))
}
