//! What policy said, as a JSON column: it is read as a whole and never searched.

use super::Place;
use crate::port::StoreResult;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use team_shared::ids::UserId;
use teamd_domain::request::{Basis, Demand};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BasisDocument {
    rule: Option<String>,
    rules: Vec<String>,
    demands: Vec<DemandDocument>,
    overseers: Vec<UserId>,
    /// Absent in what older versions wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemandDocument {
    rule: String,
    quorum: u32,
    approvers: Vec<UserId>,
}

/// The column of a basis.
pub(super) fn basis_to_json(basis: &Basis) -> StoreResult<String> {
    super::to_json(&BasisDocument {
        rule: basis.rule.clone(),
        rules: basis.rules.clone(),
        demands: basis
            .demands
            .iter()
            .map(|demand| DemandDocument {
                rule: demand.rule.clone(),
                quorum: demand.quorum,
                approvers: demand.approvers.to_vec(),
            })
            .collect(),
        overseers: basis.overseers.clone(),
        valid_until: basis.valid_until,
    })
}

/// The basis of a column.
pub(super) fn basis_from_json(place: Place<'_>, text: &str) -> StoreResult<Basis> {
    let document: BasisDocument = place.json("basis", text)?;
    Ok(Basis {
        rule: document.rule,
        rules: document.rules,
        demands: document
            .demands
            .into_iter()
            .map(|demand| Demand {
                rule: demand.rule,
                quorum: demand.quorum,
                approvers: demand.approvers.into(),
            })
            .collect(),
        overseers: document.overseers,
        valid_until: document.valid_until,
    })
}
