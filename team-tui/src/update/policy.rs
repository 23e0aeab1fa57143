//! Keys on the Policy screen.

use crate::app::App;
use crate::effect::Effect;
use crate::policy::{Part, Sheet};
use team_shared::policy::ExplainQuery;

/// Reads what the part that is shown needs.
pub(super) fn load(app: &App) -> Vec<Effect> {
    if app.is_live() && app.reads_policy() {
        vec![Effect::LoadPolicy]
    } else {
        Vec::new()
    }
}

/// The next part.
pub(super) fn next(app: &mut App) -> Vec<Effect> {
    app.policy.part = app.policy.part.next(app.reads_policy());
    app.policy.index = 0;
    app.policy.sheet = None;
    app.filter = tui_input::Input::default();
    load(app)
}

/// The sheet of what is under the cursor.
pub(super) fn open(app: &mut App) -> Vec<Effect> {
    if app.policy.sheet.is_some() || !app.is_live() {
        return Vec::new();
    }
    let at = app.policy_rows().get(app.policy.index).copied();
    match app.policy.part {
        Part::Mine => vec![Effect::Explain(Box::new(question(app, at)))],
        Part::Rules => match at.and_then(|at| app.policy.rules.as_ref()?.rules.get(at)) {
            Some(rule) => vec![Effect::LoadRule(rule.kind.clone(), rule.id.clone())],
            None => Vec::new(),
        },
        Part::Settings => Vec::new(),
        Part::History => {
            let version = at.and_then(|at| app.policy.history.as_ref()?.get(at).cloned());
            app.policy.sheet = version.map(|version| Sheet::Version(Box::new(version)));
            app.policy.scroll = 0;
            Vec::new()
        }
    }
}

/// About the row, or, where there is none, about why there is none.
fn question(app: &App, at: Option<usize>) -> ExplainQuery {
    at.and_then(|at| app.entitlements.get(at))
        .map_or_else(ExplainQuery::default, |one| ExplainQuery {
            account: Some(one.account.id.to_string()),
            permission_set: Some(one.permission_set.arn.to_string()),
            break_glass: one.break_glass,
            ..ExplainQuery::default()
        })
}

/// The editor, at the rule that is looked at.
pub(super) fn edit(app: &App) -> Vec<Effect> {
    if let Some(draft) = &app.policy.draft {
        return vec![Effect::EditPolicy {
            line: 1,
            draft: Some(draft.clone()),
        }];
    }
    let line = match &app.policy.sheet {
        Some(Sheet::Rule(detail)) => detail.rule.line,
        _ => {
            let at = app.policy_rows().get(app.policy.index).copied();
            let rules = app
                .policy
                .rules
                .as_ref()
                .filter(|_| app.policy.part == Part::Rules);
            at.and_then(|at| rules?.rules.get(at)).map_or(1, |rule| rule.line)
        }
    };
    vec![Effect::EditPolicy {
        line: line.max(1),
        draft: None,
    }]
}

/// Applies what the plan on the screen is about.
pub(super) fn apply(app: &mut App) -> Vec<Effect> {
    let Some(Sheet::Plan(plan, draft)) = &app.policy.sheet else {
        return Vec::new();
    };
    if plan.findings.iter().any(|finding| finding.severity == "refused") {
        let text = format!(
            "it would be refused; with a reason: team-tui policy apply {} --force REASON",
            draft.file
        );
        app.complain(text);
        return Vec::new();
    }
    vec![Effect::ApplyPolicy(draft.clone())]
}

/// One step back; whether there was one.
pub(super) fn back(app: &mut App) -> bool {
    match app.policy.sheet.take() {
        Some(Sheet::Plan(_, draft)) => {
            app.policy.draft = None;
            app.say(format!("nothing is applied; the text is in {}", draft.file));
            true
        }
        Some(_) => true,
        None => false,
    }
}

pub(super) fn step(app: &mut App, to: impl Fn(usize) -> usize) {
    if app.policy.sheet.is_some() {
        app.policy.scroll = u16::try_from(to(usize::from(app.policy.scroll)).min(5_000)).unwrap_or(5_000);
        return;
    }
    let last = app.policy_rows().len().saturating_sub(1);
    app.policy.index = to(app.policy.index).min(last);
}
