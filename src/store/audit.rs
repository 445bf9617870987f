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
    /// It was changed.
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

/// Opens an entry's body with the customer's keys, for [`verify`].
pub fn open_entry(keys: Option<&CustomerKeys>, row: &AuditRow) -> Opened {
    match keys.map(|keys| keys.open(TABLE, &row.entry.body)) {
        Some(Ok(content)) => Opened::Content(content.to_vec()),
        Some(Err(KeyError::Erased)) | None => Opened::Erased,
        Some(Err(_)) => Opened::Damaged,
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
