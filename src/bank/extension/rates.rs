//! The simulator's exchange rates: `GET /ext/v1/exchange-rates/{from}/{to}`.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

use crate::bank::http::Answer;
use crate::bank::model::Connection;
use crate::bank::rate::ExchangeRate;
use crate::bank::{BankError, Rates};
use crate::money::Currency;

use super::{Extension, read};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRate {
    // Text: a JSON number would have to go through a float.
    rate: String,
    as_of: Timestamp,
}

#[async_trait]
impl Rates for Extension {
    async fn rate(
        &self,
        connection: &Connection,
        from: Currency,
        to: Currency,
    ) -> Result<ExchangeRate, BankError> {
        let url = self
            .client
            .url(&["exchange-rates", from.code(), to.code()])?;
        self.get(connection, "exchange_rate", url, |answer: &Answer| {
            let wire: WireRate = read(answer)?;
            ExchangeRate::parse(from, to, &wire.rate, wire.as_of)
                .map_err(|error| BankError::Unexpected(Some(Box::new(error))))
        })
        .await
    }
}
