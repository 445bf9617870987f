//! Taking somebody off the list of payees: `POST /ext/v1/payees/{id}/removal`. The list itself is FDX.

use crate::bank::model::{Connection, PayeeId};
use crate::bank::{BankError, CommandOutcome, IdempotencyKey, Payments};

use super::{Extension, done};

impl Extension {
    /// Removes a payee, and believes only what is read back. One that is not there is gone.
    pub(super) async fn remove_payee(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        payee: &PayeeId,
    ) -> Result<CommandOutcome, BankError> {
        let path = ["payees", payee.as_str(), "removal"];
        if let Some(refused) = self.remove(connection, "payee_remove", &path, key).await? {
            return Ok(refused);
        }
        let gone = self.payee_gone(connection, payee).await?;
        Ok(gone.unwrap_or(CommandOutcome::Unknown))
    }

    pub(super) async fn payee_gone(
        &self,
        connection: &Connection,
        payee: &PayeeId,
    ) -> Result<Option<CommandOutcome>, BankError> {
        let payees = self.fdx.payees(connection).await?;
        let gone = payees.iter().all(|known| known.id != *payee);
        Ok(gone.then(|| done(None, None)))
    }
}
