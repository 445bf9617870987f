//! The audit chain: one per conversation, its head in the conversation row (design section 6, H1).
//!
//! An entry's hash covers the hash before it, its header (id, kind, time) and the digest of its nonce and
//! payload. Payload and nonce are sealed under a class key: when the key is destroyed, the chain still
//! verifies and shows the entry as erased. Who keeps the store can still cut or rewrite a whole chain;
//! against that the heads are signed and exported elsewhere.

use sha2::{Digest, Sha256};

use super::keys::{Class, CustomerKeys, KeyError};
use super::{AuditRow, NewAudit};

/// Bytes of the nonce in front of a payload. Without it, who holds the chain after erasure could guess
/// short payloads and compare digests.
const NONCE: usize = 16;

/// Names the place of these bodies in the associated data.
const TABLE: &[u8] = b"audit";

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Hash of the last entry; zeros for an empty chain.
    pub hash: [u8; 32],
    /// How many entries there are.
    pub length: i64,
}

/// What [`verify`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The chain is whole.
    Verified {
        /// How many entries.
        entries: u64,
        /// How many of them have lost their key.
        erased: u64,
    },
    /// The first entry that does not fit, counted from 1; one past the last if the end is missing.
    Broken {
        /// Its position.
        position: u64,
    },
}

/// What a body turned out to be when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Nonce and payload.
    Content(Vec<u8>),
    /// Its key was destroyed.
    Erased,
    /// It was changed, or its key is gone and nobody recorded that it was forgotten.
    Damaged,
}

/// Makes an entry: draws its id and nonce, seals the payload.
///
/// # Errors
/// As [`CustomerKeys::seal`].
pub fn seal_entry(
    keys: &CustomerKeys,
    class: Class,
    kind: &str,
    at_ms: i64,
    payload: &[u8],
) -> Result<NewAudit, KeyError> {
    let mut content: Vec<u8> = rand::random::<[u8; NONCE]>().into();
    content.extend_from_slice(payload);
    Ok(NewAudit {
        id: rand::random(),
        kind: kind.to_owned(),
        at_ms,
        digest: Sha256::digest(&content).into(),
        body: keys.seal(class, TABLE, &content)?,
    })
}

/// Opens an entry's body with the customer's keys, for [`verify`]. `forgotten_ms` is when the customer
/// was forgotten ([`Keys::forgotten_ms`](super::keys::Keys::forgotten_ms)): only what is older may lack
/// its key, so that a changed key reference does not pass for an erasure.
pub fn open_entry(
    keys: Option<&CustomerKeys>,
    forgotten_ms: Option<i64>,
    row: &AuditRow,
) -> Opened {
    match keys.map(|keys| keys.open(TABLE, &row.entry.body)) {
        Some(Ok(content)) => Opened::Content(content.to_vec()),
        Some(Err(KeyError::Erased)) | None
            if forgotten_ms.is_some_and(|forgotten_ms| row.entry.at_ms <= forgotten_ms) =>
        {
            Opened::Erased
        }
        _ => Opened::Damaged,
    }
}

/// Returns the payload of what [`open_entry`] opened.
pub fn payload(content: &[u8]) -> Option<&[u8]> {
    content.get(NONCE..)
}

/// Returns the hash of an entry that follows `previous`.
pub fn entry_hash(previous: &[u8; 32], entry: &NewAudit) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(entry.id);
    hash.update((entry.kind.len() as u64).to_be_bytes());
    hash.update(entry.kind.as_bytes());
    hash.update(entry.at_ms.to_be_bytes());
    hash.update(entry.digest);
    hash.finalize().into()
}

/// Checks a chain from its first entry to its head.
pub fn verify(rows: &[AuditRow], head: Head, mut open: impl FnMut(&AuditRow) -> Opened) -> Verdict {
    let mut previous = [0; 32];
    let mut position: i64 = 0;
    let mut erased = 0;
    let broken = |position: i64| Verdict::Broken {
        position: position.unsigned_abs(),
    };
    for row in rows {
        position += 1;
        let hash = entry_hash(&previous, &row.entry);
        if row.position != position || row.previous != previous || row.hash != hash {
            return broken(position);
        }
        match open(row) {
            Opened::Content(content) => {
                if <[u8; 32]>::from(Sha256::digest(&content)) != row.entry.digest {
                    return broken(position);
                }
            }
            Opened::Erased => erased += 1,
            Opened::Damaged => return broken(position),
        }
        previous = hash;
    }
    if head
        != (Head {
            hash: previous,
            length: position,
        })
    {
        return broken(position + 1);
    }
    Verdict::Verified {
        entries: position.unsigned_abs(),
        erased,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::message::ConversationId;
    use crate::store::keys::{Keys, MasterKey};

    const WHO: ConversationId = ConversationId([1; 16]);

    async fn keys() -> (Keys, CustomerKeys) {
        let clock = Arc::new(ManualClock::new(
            jiff::Timestamp::from_millisecond(50).unwrap(),
        ));
        let master = MasterKey::from_hex(&"ab".repeat(32)).unwrap();
        let keys = Keys::open("sqlite::memory:", &master, clock).unwrap();
        let customer = keys.customer(WHO, true).await.unwrap().unwrap();
        (keys, customer)
    }

    fn chain(keys: &CustomerKeys) -> (Vec<AuditRow>, Head) {
        let mut head = Head::default();
        let rows = (0..4)
            .map(|number| {
                let payload = format!("shown: balance {number}");
                let entry =
                    seal_entry(keys, Class::Chat, "shown", number, payload.as_bytes()).unwrap();
                let previous = head.hash;
                head.hash = entry_hash(&previous, &entry);
                head.length += 1;
                AuditRow {
                    position: head.length,
                    hash: head.hash,
                    entry,
                    previous,
                }
            })
            .collect();
        (rows, head)
    }

    fn verdict(rows: &[AuditRow], head: Head, keys: Option<&CustomerKeys>) -> Verdict {
        verify(rows, head, |row| open_entry(keys, None, row))
    }

    /// Looks at the chain alone.
    fn links(rows: &[AuditRow], head: Head) -> Verdict {
        verify(rows, head, |_| Opened::Erased)
    }

    #[tokio::test]
    async fn a_whole_chain_verifies_and_opens() {
        let (_keys, customer) = keys().await;
        let (rows, head) = chain(&customer);
        let whole = Verdict::Verified {
            entries: 4,
            erased: 0,
        };
        assert_eq!(verdict(&rows, head, Some(&customer)), whole);
        let Opened::Content(content) = open_entry(Some(&customer), None, &rows[2]) else {
            panic!("it should open")
        };
        assert_eq!(payload(&content), Some(b"shown: balance 2".as_slice()));
        let nothing = Verdict::Verified {
            entries: 0,
            erased: 0,
        };
        assert_eq!(verdict(&[], Head::default(), None), nothing);
    }

    #[tokio::test]
    async fn an_erased_chain_still_verifies() {
        let (keys, customer) = keys().await;
        let (rows, head) = chain(&customer);
        keys.forget(WHO, None).await.unwrap();
        assert!(keys.customer(WHO, false).await.unwrap().is_none());
        let forgotten_ms = keys.forgotten_ms(WHO).await.unwrap();
        let erased = Verdict::Verified {
            entries: 4,
            erased: 4,
        };
        let found = verify(&rows, head, |row| open_entry(None, forgotten_ms, row));
        assert_eq!(found, erased);
        // Who came back has keys again, for what is new.
        let back = keys.customer(WHO, true).await.unwrap();
        let found = verify(&rows, head, |row| {
            open_entry(back.as_ref(), forgotten_ms, row)
        });
        assert_eq!(found, erased);
        // A missing key that nobody recorded is no erasure.
        assert_eq!(verdict(&rows, head, None), Verdict::Broken { position: 1 });
    }

    #[tokio::test]
    async fn flipping_any_bit_is_found_where_it_is() {
        let (_keys, customer) = keys().await;
        let (rows, head) = chain(&customer);
        for at in 0..rows.len() {
            let check = |change: &dyn Fn(&mut AuditRow), what: &str| {
                let mut changed = rows.clone();
                change(&mut changed[at]);
                let found = verdict(&changed, head, Some(&customer));
                let position = at as u64 + 1;
                assert_eq!(found, Verdict::Broken { position }, "{what} of {position}");
            };
            for bit in 0..8 {
                let bit = 1 << bit;
                for byte in 0..32 {
                    check(&|row| row.hash[byte] ^= bit, "hash");
                    check(&|row| row.previous[byte] ^= bit, "previous");
                    check(&|row| row.entry.digest[byte] ^= bit, "digest");
                }
                for byte in 0..16 {
                    check(&|row| row.entry.id[byte] ^= bit, "id");
                }
                for byte in 0..rows[at].entry.body.0.len() {
                    check(&|row| row.entry.body.0[byte] ^= bit, "body");
                }
            }
            for bit in 0..64 {
                check(&|row| row.entry.at_ms ^= 1 << bit, "time");
                check(&|row| row.position ^= 1 << bit, "position");
            }
            check(&|row| row.entry.kind.push('x'), "kind");
        }
        for bit in 0..64 {
            let mut moved = head;
            moved.length ^= 1 << bit;
            assert_eq!(links(&rows, moved), Verdict::Broken { position: 5 });
        }
        let mut other = head;
        other.hash[31] ^= 1;
        assert_eq!(links(&rows, other), Verdict::Broken { position: 5 });
    }

    #[tokio::test]
    async fn removing_swapping_or_cutting_is_found() {
        let (_keys, customer) = keys().await;
        let (rows, head) = chain(&customer);
        let mut removed = rows.clone();
        removed.remove(1);
        assert_eq!(links(&removed, head), Verdict::Broken { position: 2 });
        let mut swapped = rows.clone();
        swapped.swap(0, 1);
        assert_eq!(links(&swapped, head), Verdict::Broken { position: 1 });
        assert_eq!(links(&rows[..3], head), Verdict::Broken { position: 4 });
        assert_eq!(links(&[], head), Verdict::Broken { position: 1 });
        let mut doubled = rows.clone();
        doubled.push(rows[3].clone());
        assert_eq!(links(&doubled, head), Verdict::Broken { position: 5 });
    }
}
