//! Which hosts an adapter may talk to (requirement D6): those named in its configuration, discovered
//! from it, or fixed by the adapter. Everything else is refused before a byte leaves.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock};

use reqwest::Url;

/// Why an address may not be called. Carries no address: it may hold ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an absolute `http` or `https` address with a host.
    #[error("not a full web address")]
    Malformed,
    /// Plain `http` to another machine.
    #[error("plain http is only accepted on loopback")]
    PlainHttp,
    /// A host the operator did not name.
    #[error("this host is not on the allow-list of the bank")]
    ForeignHost,
    /// User and password inside the address would end up in logs of others.
    #[error("credentials inside a web address are not accepted")]
    Credentials,
}

/// Parses the base address of a bank: `https`, or `http` on loopback.
///
/// A missing slash at the end is added, so that relative paths are appended and do not replace the
/// last segment.
pub fn parse_base(text: &str) -> Result<Url, AddressError> {
    let mut url = Url::parse(text.trim()).map_err(|_| AddressError::Malformed)?;
    check_scheme(&url)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(AddressError::Malformed);
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Tells whether an address points at this machine.
pub fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Tells whether two addresses share scheme, host and port.
pub fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

fn check_scheme(url: &Url) -> Result<(), AddressError> {
    if url.host_str().is_none_or(str::is_empty) {
        return Err(AddressError::Malformed);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(AddressError::PlainHttp),
        _ => Err(AddressError::Malformed),
    }
}

/// The hosts one bank may be reached at. Grows only by what was discovered from an allowed host.
#[derive(Debug, Default)]
pub struct AllowedHosts(RwLock<BTreeSet<(String, u16)>>);

impl AllowedHosts {
    /// Allows the host and port of an address.
    pub fn allow(&self, url: &Url) -> Result<(), AddressError> {
        check_scheme(url)?;
        let place = place(url).ok_or(AddressError::Malformed)?;
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(place);
        Ok(())
    }

    /// Refuses an address whose host and port were not allowed.
    pub fn check(&self, url: &Url) -> Result<(), AddressError> {
        check_scheme(url)?;
        let place = place(url).ok_or(AddressError::Malformed)?;
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&place) {
            Ok(())
        } else {
            Err(AddressError::ForeignHost)
        }
    }
}

fn place(url: &Url) -> Option<(String, u16)> {
    Some((
        url.host_str()?.to_ascii_lowercase(),
        url.port_or_known_default()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn accepts_plain_http_on_loopback_only() {
        assert!(parse_base("http://127.0.0.1:9000/fdx/v6").is_ok());
        assert!(parse_base("http://localhost:9000").is_ok());
        assert!(parse_base("http://[::1]:9000/").is_ok());
        assert_eq!(
            parse_base("http://bank.example/fdx/v6"),
            Err(AddressError::PlainHttp)
        );
        assert_eq!(
            parse_base("http://127.0.0.1.bank.example/"),
            Err(AddressError::PlainHttp)
        );
        assert_eq!(parse_base("ftp://127.0.0.1/"), Err(AddressError::Malformed));
        assert_eq!(
            parse_base("https://me:secret@bank.example/"),
            Err(AddressError::Credentials)
        );
        assert_eq!(parse_base("bank"), Err(AddressError::Malformed));
        assert_eq!(
            parse_base("https://bank.example/?a=b"),
            Err(AddressError::Malformed)
        );
    }

    #[test]
    fn relative_paths_are_appended_to_a_base() {
        let base = parse_base("https://bank.example/fdx/v6").unwrap();
        assert_eq!(
            base.join("accounts").unwrap().as_str(),
            "https://bank.example/fdx/v6/accounts"
        );
    }

    #[test]
    fn refuses_hosts_nobody_named() {
        let hosts = AllowedHosts::default();
        hosts.allow(&url("https://bank.example/fdx")).unwrap();
        assert_eq!(hosts.check(&url("https://BANK.example/other")), Ok(()));
        for foreign in [
            "https://evil.example/",
            "https://bank.example:8443/",
            "https://bank.example.evil.example/",
        ] {
            assert_eq!(
                hosts.check(&url(foreign)),
                Err(AddressError::ForeignHost),
                "{foreign}"
            );
        }
        assert_eq!(
            hosts.check(&url("http://bank.example/")),
            Err(AddressError::PlainHttp)
        );
    }
}
