//! Alerts that the bank sends: `GET` and `POST /ext/v1/alerts`, `POST /ext/v1/alerts/{id}/removal`.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::bank::alert::{Alert, AlertChannel, AlertKind, AlertSetting, Rhythm};
use crate::bank::fdx::wire::WireError;
use crate::bank::model::{AccountId, Connection};
use crate::bank::{Alerts, BankError, CommandOutcome, IdempotencyKey};
use crate::money::{Currency, Money};

use super::{Extension, Written, done, read_list};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAlert {
    alert_id: String,
    kind: AlertKind,
    account_id: String,
    #[serde(default)]
    threshold: Option<String>,
    #[serde(default)]
    currency: Option<Currency>,
    #[serde(default)]
    lead_days: Option<u8>,
    #[serde(default)]
    rhythm: Option<Rhythm>,
    channel: AlertChannel,
}

impl WireAlert {
    fn into_alert(self) -> Result<Alert, BankError> {
        let threshold = self.threshold.as_deref().map(|text| {
            self.currency
                .and_then(|currency| Money::parse(text, currency).ok())
                .ok_or_else(|| BankError::from(WireError::Field("threshold")))
        });
        Ok(Alert {
            id: self.alert_id,
            setting: AlertSetting {
                kind: self.kind,
                account: AccountId(self.account_id),
                threshold: threshold.transpose()?,
                lead_days: self.lead_days,
                rhythm: self.rhythm,
            },
            channel: self.channel,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SettingBody<'a> {
    kind: AlertKind,
    account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_days: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rhythm: Option<Rhythm>,
}

impl Extension {
    /// Sets an alert, and believes only what is read back. Setting the same again changes nothing.
    pub(super) async fn set_alert(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        setting: &AlertSetting,
    ) -> Result<CommandOutcome, BankError> {
        let body = serde_json::to_vec(&SettingBody {
            kind: setting.kind,
            account_id: setting.account.as_str(),
            threshold: setting.threshold.map(Money::to_decimal),
            currency: setting.threshold.map(Money::currency),
            lead_days: setting.lead_days,
            rhythm: setting.rhythm,
        })
        .map_err(WireError::from)?;
        let written = self
            .write::<WireAlert>(connection, "alert_set", &["alerts"], key, body)
            .await?;
        if let Written::Rejected(code) = written {
            return Ok(CommandOutcome::Rejected { code });
        }
        Ok(self
            .alert_as_set(connection, setting)
            .await?
            .unwrap_or(CommandOutcome::Unknown))
    }

    /// Looks whether an alert is set just so.
    pub(super) async fn alert_as_set(
        &self,
        connection: &Connection,
        setting: &AlertSetting,
    ) -> Result<Option<CommandOutcome>, BankError> {
        let alerts = self.alerts(connection).await?;
        let found = alerts.into_iter().find(|alert| alert.setting == *setting);
        Ok(found.map(|alert| done(Some(alert.id), None)))
    }

    /// Takes an alert away. One that is not there is gone.
    pub(super) async fn remove_alert(
        &self,
        connection: &Connection,
        key: &IdempotencyKey,
        alert: &str,
    ) -> Result<CommandOutcome, BankError> {
        let path = ["alerts", alert, "removal"];
        if let Some(refused) = self.remove(connection, "alert_remove", &path, key).await? {
            return Ok(refused);
        }
        let gone = self.alert_gone(connection, alert).await?;
        Ok(gone.unwrap_or(CommandOutcome::Unknown))
    }

    pub(super) async fn alert_gone(
        &self,
        connection: &Connection,
        alert: &str,
    ) -> Result<Option<CommandOutcome>, BankError> {
        let alerts = self.alerts(connection).await?;
        let gone = alerts.iter().all(|known| known.id != alert);
        Ok(gone.then(|| done(None, None)))
    }
}

#[async_trait]
impl Alerts for Extension {
    async fn alerts(&self, connection: &Connection) -> Result<Vec<Alert>, BankError> {
        let url = self.client.url(&["alerts"])?;
        let found: Vec<WireAlert> = self.get(connection, "alerts", url, read_list).await?;
        found.into_iter().map(WireAlert::into_alert).collect()
    }
}
