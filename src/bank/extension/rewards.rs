//! What was collected: `GET /ext/v1/rewards`.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::bank::fdx::wire::WireError;
use crate::bank::model::{AccountId, Connection};
use crate::bank::rewards::{RewardAmount, RewardsProgram};
use crate::bank::{BankError, Rewards};
use crate::money::{Currency, Money};

use super::{Extension, read_list};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProgram {
    name: String,
    account_id: String,
    unit: WireUnit,
    #[serde(default)]
    currency: Option<Currency>,
    // Text: a JSON number would have to go through a float.
    balance: String,
    #[serde(default)]
    expiring: Option<WireExpiring>,
    as_of: Timestamp,
}

#[derive(Deserialize)]
struct WireExpiring {
    amount: String,
    on: Date,
}

// A unit nobody knows fails the call: points are never told as money.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireUnit {
    Points,
    Miles,
    Cash,
}

impl WireProgram {
    fn amount(&self, text: &str) -> Option<RewardAmount> {
        Some(match self.unit {
            WireUnit::Points => RewardAmount::Points(text.parse().ok()?),
            WireUnit::Miles => RewardAmount::Miles(text.parse().ok()?),
            WireUnit::Cash => RewardAmount::Cash(Money::parse(text, self.currency?).ok()?),
        })
    }

    fn into_program(self) -> Result<RewardsProgram, BankError> {
        let unreadable = || BankError::from(WireError::Field("balance"));
        let balance = self.amount(&self.balance).ok_or_else(unreadable)?;
        let expiring = self.expiring.as_ref();
        let expiring = expiring
            .map(|expiring| {
                let amount = self.amount(&expiring.amount).ok_or_else(unreadable)?;
                Ok::<_, BankError>((amount, expiring.on))
            })
            .transpose()?;
        Ok(RewardsProgram {
            name: self.name,
            account: AccountId(self.account_id),
            balance,
            expiring,
            as_of: self.as_of,
        })
    }
}

#[async_trait]
impl Rewards for Extension {
    async fn programs(&self, connection: &Connection) -> Result<Vec<RewardsProgram>, BankError> {
        let url = self.client.url(&["rewards"])?;
        let found: Vec<WireProgram> = self.get(connection, "rewards", url, read_list).await?;
        found.into_iter().map(WireProgram::into_program).collect()
    }
}
