//! New request: fuzzy picks of account and permission set, and what will happen.

mod batch;
mod times;
mod view;

pub(crate) use view::draw;

use crate::settings::Template;
use crate::widgets::fuzzy;
use chrono::{DateTime, Utc};
use team_shared::me::Entitlement;
use team_shared::request::{AccountRef, PermissionSetRef, RequestView, Submit};
use tui_input::Input;

/// The fields, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Account,
    Set,
    Duration,
    Until,
    Start,
    Ticket,
    Reason,
    Also,
    BreakGlass,
    Confirm,
    Leave,
    Go,
}

/// The form's state.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) account: Input,
    pub(crate) chosen_account: Option<AccountRef>,
    pub(crate) set: Input,
    pub(crate) chosen_set: Option<PermissionSetRef>,
    /// Which candidate of the focused pick is marked.
    pub(crate) choice: usize,
    pub(crate) duration: Input,
    /// A fixed end, instead of a length.
    pub(crate) until: Input,
    pub(crate) start: Input,
    pub(crate) ticket: Input,
    pub(crate) reason: Input,
    /// Other accounts for the same, with commas between them.
    pub(crate) also: Input,
    pub(crate) confirm: Input,
    pub(crate) break_glass: bool,
    pub(crate) focus: Field,
    pub(crate) error: Option<String>,
    pub(crate) sending: bool,
    pub(crate) opened_at: DateTime<Utc>,
}

impl Form {
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self {
            account: Input::default(),
            chosen_account: None,
            set: Input::default(),
            chosen_set: None,
            choice: 0,
            duration: Input::default(),
            until: Input::default(),
            start: Input::default(),
            ticket: Input::default(),
            reason: Input::default(),
            also: Input::default(),
            confirm: Input::default(),
            break_glass: false,
            focus: Field::Account,
            error: None,
            sending: false,
            opened_at: now,
        }
    }

    /// The same again: target, length, ticket and reason of an old request.
    pub(crate) fn like(view: &RequestView, now: DateTime<Utc>) -> Self {
        Self {
            account: Input::new(view.account.name.clone()),
            chosen_account: Some(view.account.as_ref().clone()),
            set: Input::new(view.permission_set.name.clone()),
            chosen_set: Some(view.permission_set.as_ref().clone()),
            duration: Input::new(crate::format::length(view.duration_seconds)),
            ticket: Input::new(view.ticket.clone().unwrap_or_default()),
            reason: Input::new(view.justification.clone()),
            break_glass: view.break_glass,
            focus: Field::Duration,
            ..Self::new(now)
        }
    }

    /// As the reader's settings say. What they may not ask for is left to be picked.
    pub(crate) fn from_template(
        template: &Template,
        entitlements: &[Entitlement],
        now: DateTime<Utc>,
    ) -> Self {
        let mut form = Self {
            account: Input::new(template.account.clone()),
            set: Input::new(template.permission_set.clone()),
            duration: Input::new(template.length.clone()),
            ticket: Input::new(template.ticket.clone()),
            reason: Input::new(template.reason.clone()),
            ..Self::new(now)
        };
        let account = entitlements.iter().map(|e| &e.account);
        form.chosen_account = account
            .into_iter()
            .find(|account| account.name == template.account || account.id.as_str() == template.account)
            .cloned();
        form.chosen_set = form.chosen_account.as_ref().and_then(|account| {
            let mut theirs = entitlements.iter().filter(|e| e.account.id == account.id);
            let found = theirs.find(|e| e.permission_set.name == template.permission_set);
            found.map(|e| e.permission_set.clone())
        });
        form.focus = match (&form.chosen_account, &form.chosen_set) {
            (None, _) => Field::Account,
            (_, None) => Field::Set,
            _ => Field::Duration,
        };
        form
    }

    /// Accounts that match what is typed, best first.
    pub(crate) fn accounts(&self, entitlements: &[Entitlement]) -> Vec<AccountRef> {
        let mut accounts: Vec<AccountRef> = entitlements.iter().map(|e| e.account.clone()).collect();
        accounts.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        accounts.dedup_by(|a, b| a.id == b.id);
        let text = |a: &AccountRef| format!("{} {} {}", a.name, a.id, a.ou_path);
        fuzzy::rank(self.account.value(), &accounts, text)
            .into_iter()
            .cloned()
            .collect()
    }

    /// Permission sets of the chosen account that match what is typed, best first.
    pub(crate) fn sets(&self, entitlements: &[Entitlement]) -> Vec<PermissionSetRef> {
        let mut sets: Vec<PermissionSetRef> = entitlements
            .iter()
            .filter(|e| {
                self.chosen_account
                    .as_ref()
                    .is_none_or(|account| account.id == e.account.id)
            })
            .map(|e| e.permission_set.clone())
            .collect();
        sets.sort_by(|a, b| (&a.name, &a.arn).cmp(&(&b.name, &b.arn)));
        sets.dedup_by(|a, b| a.arn == b.arn);
        fuzzy::rank(self.set.value(), &sets, |s| s.name.clone())
            .into_iter()
            .cloned()
            .collect()
    }

    /// The entitlements on what is chosen: the ordinary one, and the one under break-glass.
    fn chosen<'a>(&self, entitlements: &'a [Entitlement], break_glass: bool) -> Option<&'a Entitlement> {
        let (account, set) = (self.chosen_account.as_ref()?, self.chosen_set.as_ref()?);
        entitlements.iter().find(|e| {
            e.account.id == account.id && e.permission_set.arn == set.arn && e.break_glass == break_glass
        })
    }

    /// The one that counts for the form as it is.
    pub(crate) fn entitlement<'a>(&self, entitlements: &'a [Entitlement]) -> Option<&'a Entitlement> {
        self.chosen(entitlements, self.break_glass)
    }

    /// The fields that this target asks for.
    pub(crate) fn fields(&self, entitlements: &[Entitlement]) -> Vec<Field> {
        use Field::{
            Account, Also, BreakGlass, Confirm, Duration, Go, Leave, Reason, Set, Start, Ticket, Until,
        };
        let mut fields = vec![Account, Set, Duration, Until, Start, Ticket, Reason];
        if batch::others(self, entitlements).next().is_some() {
            fields.push(Also);
        }
        if self.break_glass || self.chosen(entitlements, true).is_some() {
            fields.push(BreakGlass);
        }
        if self.asks_for_name(entitlements) {
            fields.push(Confirm);
        }
        fields.extend([Leave, Go]);
        fields
    }

    /// Whether the account's name must be typed: where policy guards it, and before glass is broken. Of the latter the
    /// form itself knows: entitlements may not have been read.
    pub(crate) fn asks_for_name(&self, entitlements: &[Entitlement]) -> bool {
        self.break_glass
            || self
                .entitlement(entitlements)
                .is_some_and(|entitlement| entitlement.guarded)
    }

    /// The text that is being typed.
    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        match self.focus {
            Field::Account => Some(&mut self.account),
            Field::Set => Some(&mut self.set),
            Field::Duration => Some(&mut self.duration),
            Field::Until => Some(&mut self.until),
            Field::Start => Some(&mut self.start),
            Field::Ticket => Some(&mut self.ticket),
            Field::Reason => Some(&mut self.reason),
            Field::Also => Some(&mut self.also),
            Field::Confirm => Some(&mut self.confirm),
            Field::BreakGlass | Field::Leave | Field::Go => None,
        }
    }

    /// Takes the marked candidate of the focused pick, where nothing is chosen yet.
    pub(crate) fn take_choice(&mut self, entitlements: &[Entitlement]) {
        match self.focus {
            Field::Account if self.chosen_account.is_none() => {
                if let Some(account) = self.accounts(entitlements).into_iter().nth(self.choice) {
                    self.account = Input::new(account.name.clone());
                    self.chosen_account = Some(account);
                    // Another account may not have the set that was picked before.
                    if self
                        .chosen(entitlements, false)
                        .or(self.chosen(entitlements, true))
                        .is_none()
                    {
                        self.chosen_set = None;
                        self.set = Input::default();
                    }
                    self.after_choice(entitlements);
                }
            }
            Field::Set if self.chosen_set.is_none() => {
                if let Some(set) = self.sets(entitlements).into_iter().nth(self.choice) {
                    self.set = Input::new(set.name.clone());
                    self.chosen_set = Some(set);
                    self.after_choice(entitlements);
                }
            }
            _ => {}
        }
    }

    fn after_choice(&mut self, entitlements: &[Entitlement]) {
        self.choice = 0;
        let only_break_glass =
            self.chosen(entitlements, false).is_none() && self.chosen(entitlements, true).is_some();
        self.break_glass = only_break_glass;
        if self.duration.value().is_empty()
            && self.until.value().is_empty()
            && let Some(entitlement) = self.entitlement(entitlements)
        {
            self.duration = Input::new(entitlement.default_duration_seconds.to_string());
        }
    }

    /// The focused pick has been typed in: what was chosen no longer holds.
    pub(crate) fn typed(&mut self) {
        self.error = None;
        self.one_of_both();
        match self.focus {
            Field::Account => {
                self.chosen_account = None;
                self.choice = 0;
            }
            Field::Set => {
                self.chosen_set = None;
                self.choice = 0;
            }
            _ => {}
        }
    }

    /// What was typed, where anything was: to go on with another time.
    pub(crate) fn draft(&self) -> Option<Template> {
        let text = |input: &Input| input.value().trim().to_owned();
        let draft = Template {
            account: text(&self.account),
            permission_set: text(&self.set),
            length: text(&self.duration),
            reason: text(&self.reason),
            ticket: text(&self.ticket),
        };
        let is_empty = [
            &draft.account,
            &draft.permission_set,
            &draft.reason,
            &draft.ticket,
        ]
        .iter()
        .all(|text| text.is_empty());
        (!is_empty).then_some(draft)
    }

    /// The request, or the field that is wrong and why.
    pub(crate) fn submit(
        &self,
        entitlements: &[Entitlement],
        now: DateTime<Utc>,
    ) -> Result<Submit, (Field, String)> {
        let account = self
            .chosen_account
            .as_ref()
            .ok_or((Field::Account, "pick an account from the list".to_owned()))?;
        let set = self
            .chosen_set
            .as_ref()
            .ok_or((Field::Set, "pick a permission set from the list".to_owned()))?;
        let span = self.span(now)?;
        let ticket = Some(self.ticket.value().trim().to_owned()).filter(|ticket| !ticket.is_empty());
        let reason = self.reason.value().trim();
        if let Some(entitlement) = self.entitlement(entitlements) {
            if entitlement.ticket_required && ticket.is_none() {
                return Err((Field::Ticket, "a ticket is required here".to_owned()));
            }
            let length = reason.chars().count();
            if length < entitlement.justification_min {
                let least = entitlement.justification_min;
                return Err((
                    Field::Reason,
                    format!("the reason needs {least} characters, this has {length}"),
                ));
            }
        }
        if self.asks_for_name(entitlements) && self.confirm.value() != account.name {
            return Err((
                Field::Confirm,
                format!("type the account's name, {}, to go on", account.name),
            ));
        }
        if !reason.is_empty() {
            team_shared::text::check(reason)
                .map_err(|error| (Field::Reason, format!("the reason {error}")))?;
        }
        Ok(Submit {
            account_id: account.id.to_string(),
            permission_set: set.arn.to_string(),
            duration_seconds: span.duration_seconds,
            end_at: span.end_at,
            start_at: span.start_at,
            justification: reason.to_owned(),
            ticket,
            break_glass: self.break_glass,
            batch_id: None,
            dry_run: false,
        })
    }
}
