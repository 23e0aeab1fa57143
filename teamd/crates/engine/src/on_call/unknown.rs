//! Decisions while nobody can say whom a source names. Access is given only if every possible
//! membership allows it, and lost only if no possible membership keeps it.

use crate::{Facts, Refused};
use std::collections::BTreeSet;
use std::sync::Arc;
use team_shared::ids::UserId;
use teamd_domain::directory::{Directory, OnCallMembers};
use teamd_policy::{Ask, Judgement, Refusal, evaluate};

/// Unknown sources that are looked at one by one. The others are taken as if they were one.
const MAX_UNKNOWN: usize = 4;

impl Facts {
    /// These facts in every form that they could have, as far as unknown sources may or may not name `user`, and accounts
    /// may or may not be protected.
    pub(crate) fn possible(&self, user: &UserId) -> Vec<Self> {
        let forms = match &self.directory {
            Some(directory) if !self.unknown_on_call.is_empty() => {
                let unknown: Vec<&String> = self.unknown_on_call.iter().collect();
                self.forms(directory, &unknown, user)
            }
            _ => vec![self.clone()],
        };
        self.with_certain_protection(forms)
    }

    /// These forms, and where it is not known which accounts are protected, the same with those that certainly are.
    fn with_certain_protection(&self, mut forms: Vec<Self>) -> Vec<Self> {
        if let Some(certain) = &self.certainly_protected {
            let fewer = forms.clone();
            forms.extend(fewer.into_iter().map(|facts| Self {
                protected: certain.clone(),
                ..facts
            }));
        }
        forms
    }

    /// The same for whether access is lost: a failure takes nothing away, so a source that was read since the start names
    /// whom it named last.
    pub(crate) fn possible_losses(&self, user: &UserId) -> Vec<Self> {
        let Some(copy) = self
            .directory
            .as_ref()
            .filter(|_| !self.unknown_on_call.is_empty())
        else {
            return self.with_certain_protection(vec![self.clone()]);
        };
        let mut directory = Directory::clone(copy);
        let mut unread = Vec::new();
        for name in &self.unknown_on_call {
            match copy.on_call.get(name) {
                Some(OnCallMembers::Unknown { last: Some(last) }) => {
                    let members = OnCallMembers::Known(last.clone());
                    directory.on_call.insert(name.clone(), members);
                }
                _ => unread.push(name),
            }
        }
        self.with_certain_protection(self.forms(&directory, &unread, user))
    }

    fn forms(&self, directory: &Directory, unknown: &[&String], user: &UserId) -> Vec<Self> {
        let forms = 0..1_usize << unknown.len().min(MAX_UNKNOWN);
        let form = |chosen: usize| {
            let mut directory = directory.clone();
            for (number, name) in unknown.iter().enumerate() {
                let is_named = chosen >> number.min(MAX_UNKNOWN - 1) & 1 == 1;
                let people = is_named.then(|| user.clone()).into_iter().collect();
                let members = OnCallMembers::Known(people);
                directory.on_call.insert((*name).clone(), members);
            }
            self.with_directory(directory)
        };
        forms.map(form).collect()
    }

    fn with_directory(&self, directory: Directory) -> Self {
        Self {
            directory: Some(Arc::new(directory)),
            ..self.clone()
        }
    }

    /// Judges an ask for new access.
    ///
    /// # Errors
    /// Policy refuses it; an unknown source could have it refused, or allowed.
    pub(crate) fn judge_new(&self, ask: &Ask<'_>) -> Result<Judgement, Refused> {
        let judged = self.evaluate(ask)?;
        if self.unknown_on_call.is_empty() {
            return Ok(judged?);
        }
        let needs_approval = |judgement: &Judgement| !judgement.basis.demands.is_empty();
        let mut possible = self.possible(ask.person);
        match judged {
            Ok(judgement) => {
                let is_as_strict = |facts: &Self| {
                    let other = facts.evaluate(ask);
                    matches!(other, Ok(Ok(other)) if needs_approval(&judgement) || !needs_approval(&other))
                };
                match possible.iter().all(is_as_strict) {
                    true => Ok(judgement),
                    false => Err(self.on_call_unknown()),
                }
            }
            Err(refusal) => {
                possible.extend(self.with_everybody_on_call());
                let is_allowed = |facts: &Self| matches!(facts.evaluate(ask), Ok(Ok(_)));
                match possible.iter().any(is_allowed) {
                    true => Err(self.on_call_unknown()),
                    false => Err(refusal.into()),
                }
            }
        }
    }

    fn evaluate(&self, ask: &Ask<'_>) -> Result<Result<Judgement, Refusal>, Refused> {
        let (in_force, directory) = self.both()?;
        Ok(evaluate(&in_force.policy, directory, &self.protected, ask))
    }

    /// Unknown sources name everybody, so that approvers are there where these could be some.
    fn with_everybody_on_call(&self) -> Option<Self> {
        let mut directory = Directory::clone(self.directory.as_deref()?);
        let everybody: BTreeSet<UserId> = directory.people.keys().cloned().collect();
        for name in &self.unknown_on_call {
            let members = OnCallMembers::Known(everybody.clone());
            directory.on_call.insert(name.clone(), members);
        }
        Some(self.with_directory(directory))
    }
}
