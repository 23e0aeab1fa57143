//! The same for other accounts: one request each, all of them filed or none.

use super::{Field, Form};
use chrono::{DateTime, Utc};
use team_shared::me::Entitlement;
use team_shared::request::{AccountRef, Submit};

/// Other accounts in which the chosen permission set may be asked for in the same way.
pub(super) fn others<'a>(
    form: &'a Form,
    entitlements: &'a [Entitlement],
) -> impl Iterator<Item = &'a AccountRef> {
    let chosen = form.chosen_account.as_ref().zip(form.chosen_set.as_ref());
    chosen.into_iter().flat_map(move |(account, set)| {
        entitlements
            .iter()
            .filter(move |e| {
                e.permission_set.arn == set.arn
                    && e.break_glass == form.break_glass
                    && e.account.id != account.id
            })
            .map(|e| &e.account)
    })
}

impl Form {
    /// What is asked for: the chosen account, and the same for each of the others.
    ///
    /// # Errors
    /// The field that is wrong, and how.
    pub(crate) fn submissions(
        &self,
        entitlements: &[Entitlement],
        now: DateTime<Utc>,
    ) -> Result<Vec<Submit>, (Field, String)> {
        let first = self.submit(entitlements, now)?;
        let mut all = vec![first.clone()];
        let words = self.also.value().split(',').map(str::trim);
        for word in words.filter(|word| !word.is_empty()) {
            let mut known = others(self, entitlements);
            let account = known.find(|account| account.name == word || account.id.as_str() == word);
            let account = account.ok_or_else(|| {
                let text = format!("{word}: no other account in which you may ask for this");
                (Field::Also, text)
            })?;
            let account_id = account.id.to_string();
            if all.iter().any(|one| one.account_id == account_id) {
                return Err((Field::Also, format!("{word} is named twice")));
            }
            all.push(Submit {
                account_id,
                ..first.clone()
            });
        }
        Ok(all)
    }
}
