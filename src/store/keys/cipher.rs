//! AES-256-GCM and the shape of a [`Sealed`]: version, kind of key, which key, nonce, ciphertext, tag.
//!
//! The header is part of the associated data, as is every name the caller gives, each with its length:
//! a body moved to another conversation, class or table does not open.

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use zeroize::Zeroizing;

use super::KeyError;
use crate::store::Sealed;

const VERSION: u8 = 1;
/// Version, kind and key id.
const HEADER: usize = 10;
const NONCE: usize = 12;
const TAG: usize = 16;

/// What sort of key a body is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(pub(super) u8);

/// The hourly ingest keys.
pub(super) const INGEST: Kind = Kind(0);
/// The key that wraps keys.
pub(super) const WRAP: Kind = Kind(255);

/// A 256-bit key, wiped when dropped.
#[derive(Clone)]
pub(super) struct Secret(pub(super) Zeroizing<[u8; 32]>);

impl Secret {
    /// Draws a new key.
    pub(super) fn random() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// Reads a key from 32 bytes.
    pub(super) fn from_slice(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::Damaged)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Expands the key for use.
    pub(super) fn cipher(&self) -> Cipher {
        Cipher(Aes256Gcm::new((&*self.0).into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// An expanded key.
pub(super) struct Cipher(Aes256Gcm);

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(…)")
    }
}

impl Cipher {
    /// Seals `plain`; `names` say where it belongs.
    pub(super) fn seal(
        &self,
        kind: Kind,
        key: u64,
        names: &[&[u8]],
        plain: &[u8],
    ) -> Result<Sealed, KeyError> {
        let header = header(kind, key);
        // Random nonces: an hourly key seals far fewer than the 2^32 bodies they are safe for, and a
        // counter would have to outlive crashes.
        let nonce: [u8; NONCE] = rand::random();
        let mut sealed = Vec::with_capacity(HEADER + NONCE + plain.len() + TAG);
        sealed.extend_from_slice(&header);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let body = sealed.get_mut(HEADER + NONCE..).unwrap_or_default();
        let tag = self
            .0
            .encrypt_inout_detached(
                &Nonce::from(nonce),
                &associated(&header, names),
                body.into(),
            )
            .map_err(|_| KeyError::TooLong)?;
        sealed.extend_from_slice(&tag);
        Ok(Sealed(sealed))
    }

    /// Opens what [`Cipher::seal`] made with the same names.
    pub(super) fn open(
        &self,
        sealed: &Sealed,
        names: &[&[u8]],
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (header, rest) = sealed
            .0
            .split_first_chunk::<HEADER>()
            .ok_or(KeyError::Damaged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(KeyError::Damaged)?;
        let (body, tag) = rest.split_last_chunk::<TAG>().ok_or(KeyError::Damaged)?;
        let mut plain = Zeroizing::new(body.to_vec());
        self.0
            .decrypt_inout_detached(
                &Nonce::from(*nonce),
                &associated(header, names),
                plain.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| KeyError::Damaged)?;
        Ok(plain)
    }
}

/// Reads which key a body is under.
pub(super) fn key_of(sealed: &Sealed) -> Result<(Kind, u64), KeyError> {
    let [version, kind, key @ ..] = sealed.0.first_chunk::<HEADER>().ok_or(KeyError::Damaged)?;
    if *version != VERSION {
        return Err(KeyError::Damaged);
    }
    Ok((Kind(*kind), u64::from_be_bytes(*key)))
}

fn header(kind: Kind, key: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let [version, kind_byte, id @ ..] = &mut header;
    *version = VERSION;
    *kind_byte = kind.0;
    *id = key.to_be_bytes();
    header
}

fn associated(header: &[u8; HEADER], names: &[&[u8]]) -> Vec<u8> {
    let mut associated = Vec::with_capacity(64);
    associated.extend_from_slice(header);
    for name in names {
        associated.extend_from_slice(&(name.len() as u64).to_be_bytes());
        associated.extend_from_slice(name);
    }
    associated
}
