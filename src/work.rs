//! How workers wait: until a commit made work, or until something is due, or until they are stopped.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Looks again at least this often: what another node or a clock change brings shows up then.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits until there may be work. `arrived` was taken before the last look, so that nothing that came in
/// between is missed.
pub async fn wait(app: &App, arrived: impl Future<Output = ()>, stop: &CancellationToken) {
    let pause = match app.store.next_due().await {
        Ok(Some(due)) => {
            let ms = due.saturating_sub(app.clock.now_ms()).max(5);
            Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(LONGEST)
        }
        _ => LONGEST,
    };
    tokio::select! {
        () = arrived => {}
        () = tokio::time::sleep(pause) => {}
        () = stop.cancelled() => {}
    }
}
