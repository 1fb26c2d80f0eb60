//! Signatures: who vouches for a promotion, so that a server can refuse any other.
//!
//! An Ed25519 signature over a text of one fact a line ([`Statement`]): model, stage, run, the hashes
//! of its outputs, the place in the log, and the reason. None of them can be another for the same
//! signature, so that it is good for this one promotion. It stands in the log and in the pin file;
//! whoever has the public key, the pin file and the run can verify it, also with openssl.
//!
//! Keys are files as `openssl genpkey -algorithm ed25519` makes them: PKCS#8 in PEM.

use std::fmt::Write;
use std::path::Path;

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::transition::{Signed, Transition};
use crate::definition::{ModelName, Stage};
use crate::error::{Error, Kind, Result};
use crate::fsio;
use crate::hash::{Digest, RunId, TransitionHash};
use crate::lockfile::{Outputs, Pin, pin_path};

/// What is signed.
#[derive(Debug)]
struct Statement<'a> {
    model: &'a ModelName,
    stage: Stage,
    run: RunId,
    outputs: &'a Outputs,
    sequence: u64,
    /// The entry of the log before it.
    previous: Option<TransitionHash>,
    /// On one line.
    reason: &'a str,
}

impl Statement<'_> {
    /// A word and its value on each line, the reason last.
    fn text(&self) -> String {
        let Self {
            model,
            stage,
            run,
            outputs,
            sequence,
            previous,
            reason,
        } = self;
        let previous = previous.map_or("none".to_string(), |hash| hash.to_string());
        let mut text = format!("streamflow promotion 1\nmodel {model}\nstage {stage}\nrun {run}\n");
        for (name, hash) in outputs.named() {
            writeln!(text, "output {name} {hash}").expect("writing to a string does not fail");
        }
        writeln!(
            text,
            "sequence {sequence}\nprevious {previous}\nreason {reason}"
        )
        .expect("writing to a string does not fail");
        text
    }
}

/// Somebody's private key.
pub struct SignatureKey(SigningKey);

impl SignatureKey {
    /// # Errors
    /// [`crate::error::Kind::Usage`]: the file is not there, or holds no such key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = key_text(path)?;
        match SigningKey::from_pkcs8_pem(&text) {
            Ok(key) => Ok(Self(key)),
            Err(error) => Err(no_key(path, &text, true).caused_by(error)),
        }
    }

    /// The public key, 64 hex digits.
    pub fn public(&self) -> String {
        hex(self.0.verifying_key().as_bytes())
    }

    /// Signs a promotion that has its place in the log.
    pub(super) fn sign(&self, entry: &Transition, outputs: Outputs) -> Option<Signed> {
        let statement = statement_of(entry, &outputs)?;
        let signature = self.0.sign(statement.text().as_bytes());
        Some(Signed {
            key: self.public(),
            signature: hex(&signature.to_bytes()),
            outputs,
        })
    }
}

/// A key by which signatures are verified.
#[derive(Debug, Clone)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// # Errors
    /// [`crate::error::Kind::Usage`]: the file is not there, or holds no such key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = key_text(path)?;
        match VerifyingKey::from_public_key_pem(&text) {
            Ok(key) => Ok(Self(key)),
            Err(error) => Err(no_key(path, &text, false).caused_by(error)),
        }
    }

    fn from_hex(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = bytes_of(text)?.try_into().ok()?;
        VerifyingKey::from_bytes(&bytes).ok().map(Self)
    }

    fn hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    /// Refuses also what some verifiers take and others do not.
    fn verifies(&self, statement: &Statement, signature: &str) -> bool {
        let bytes: Option<[u8; 64]> = bytes_of(signature).and_then(|bytes| bytes.try_into().ok());
        bytes.is_some_and(|bytes| {
            let signature = Signature::from_bytes(&bytes);
            let text = statement.text();
            self.0.verify_strict(text.as_bytes(), &signature).is_ok()
        })
    }
}

fn statement_of<'a>(entry: &'a Transition, outputs: &'a Outputs) -> Option<Statement<'a>> {
    Some(Statement {
        model: entry.model.as_ref()?,
        stage: entry.stage()?,
        run: entry.run,
        outputs,
        sequence: entry.sequence,
        previous: entry.previous_hash,
        reason: &entry.reason,
    })
}

/// Whether an entry's signature, if it has one, is of this entry.
pub(super) fn is_vouched_for(entry: &Transition) -> bool {
    let Some(signed) = &entry.signed else {
        return true;
    };
    let statement = statement_of(entry, &signed.outputs);
    let key = PublicKey::from_hex(&signed.key);
    match (statement, key) {
        (Some(statement), Some(key)) => key.verifies(&statement, &signed.signature),
        _ => false,
    }
}

/// Refuses a pin that none of these people vouches for.
///
/// `outputs` are those of the run as it would serve.
///
/// # Errors
/// [`Kind::NotReady`]: no signature, one by somebody else, or of something else.
pub fn require_signature(
    model: &ModelName,
    stage: Stage,
    pin: &Pin,
    outputs: &Outputs,
    trusted: &[PublicKey],
) -> Result<()> {
    let run = pin.run.short();
    let refused = |what: &str| {
        Error::new(Kind::NotReady, format!("run {run} is not served: {what}"))
            .detail(format!("pin   {} ({stage})", pin_path(model)))
            .help(format!(
                "`streamflow promote {run} --to {stage} --sign KEY --reason TEXT` vouches for it"
            ))
    };
    let Some(signature) = &pin.signature else {
        return Err(refused("its promotion is not signed"));
    };
    let known = trusted.iter().find(|key| key.hex() == signature.key);
    let Some(key) = known else {
        return Err(
            refused("its promotion is signed with a key that is not trusted here")
                .detail(format!("key   {}", signature.key))
                .details(trusted.iter().map(|key| format!("known {}", key.hex()))),
        );
    };
    let statement = Statement {
        model,
        stage,
        run: pin.run,
        outputs,
        sequence: pin.sequence,
        previous: signature.previous,
        reason: pin.reason.as_deref().unwrap_or_default(),
    };
    if key.verifies(&statement, &signature.signature) {
        return Ok(());
    }
    Err(refused("the signature is not of this promotion").detail(
        "model, stage, run, outputs, place in the log or reason were others when it was signed",
    ))
}

fn key_text(path: &Path) -> Result<String> {
    let Some(bytes) = fsio::read_optional(path)? else {
        return Err(Error::usage(format!("there is no key file {}", path.display())).help(
            "`openssl genpkey -algorithm ed25519 -out KEY` makes one, `openssl pkey -in KEY -pubout -out PUBLIC_KEY` its public half",
        ));
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The error of a file that is not the key that was wanted.
fn no_key(path: &Path, text: &str, private: bool) -> Error {
    let wanted = if private { "private" } else { "public" };
    let error = Error::usage(format!("{} holds no Ed25519 {wanted} key", path.display()));
    let label = text.lines().find_map(|line| {
        let inner = line.trim().strip_prefix("-----BEGIN ")?;
        inner.strip_suffix("-----")
    });
    match (label, private) {
        (Some("ENCRYPTED PRIVATE KEY"), _) => error.help(
            "it is encrypted: `openssl pkey -in KEY -out PLAIN_KEY` asks for the passphrase",
        ),
        (Some("OPENSSH PRIVATE KEY"), _) => error.help(
            "it is of OpenSSH; `openssl genpkey -algorithm ed25519 -out KEY` makes one that is read here",
        ),
        (Some("PUBLIC KEY"), true) => error.help("it is a public key: sign with the private one"),
        (Some("PRIVATE KEY"), false) => error.help(
            "it is a private key, which a server has no need of: `openssl pkey -in KEY -pubout -out PUBLIC_KEY`",
        ),
        (Some("PRIVATE KEY" | "PUBLIC KEY"), _) => {
            error.help("it is of another algorithm: `openssl genpkey -algorithm ed25519 -out KEY`")
        }
        _ => error.help("it should be PEM, as `openssl genpkey -algorithm ed25519` writes it"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let lowercase = |digit: &u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(digit);
    if !digits.len().is_multiple_of(2) || !digits.iter().all(lowercase) {
        return None;
    }
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::transition::{Head, TransitionKind};
    use super::*;
    use crate::hash::{ObjectId, TableHash};
    use crate::host::Instant;

    fn outputs(name: &str) -> Outputs {
        Outputs {
            training_set: TableHash::of(name),
            split: TableHash::of("split"),
            model: ObjectId::of_bytes(b"model"),
            predictions: TableHash::of("predictions"),
        }
    }

    fn model(name: &str) -> ModelName {
        name.parse().unwrap()
    }

    fn key(seed: u8) -> SignatureKey {
        SignatureKey(SigningKey::from_bytes(&[seed; 32]))
    }

    fn signed(key: &SignatureKey) -> Transition {
        let mut entry = Transition::unplaced(
            &model("m"),
            TransitionKind::Promotion,
            RunId::of("a"),
            "ann".into(),
            Instant::parse("2024-02-01").unwrap(),
            "because".into(),
        );
        entry.to = Some(Stage::Production.into());
        let mut entry = entry.placed(Head::of(&[], None));
        entry.signed = key.sign(&entry, outputs("o"));
        entry.sealed()
    }

    /// The example of RFC 8410, §10.
    #[test]
    fn keys_are_read_as_openssl_writes_them() {
        let folder = tempfile::tempdir().unwrap();
        let written = |name: &str, label: &str, body: &str| {
            let path = folder.path().join(name);
            let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
            std::fs::write(&path, text).unwrap();
            path
        };
        let private = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
        let public = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
        let key = written("key", "PRIVATE KEY", private);
        let public_key = written("public", "PUBLIC KEY", public);
        let read = SignatureKey::read(&key).unwrap().public();
        assert_eq!(read, PublicKey::read(&public_key).unwrap().hex());
        let says = |error: Error, words: &str| {
            assert!(
                error.all_help().join(" ").contains(words),
                "{:?}",
                error.all_help()
            );
        };
        let wrong = |path: &Path| SignatureKey::read(path).err().unwrap();
        says(wrong(&public_key), "it is a public key");
        says(PublicKey::read(&key).unwrap_err(), "it is a private key");
        says(wrong(&folder.path().join("none")), "openssl genpkey");
        says(
            wrong(&written("a", "OPENSSH PRIVATE KEY", "AAAA")),
            "of OpenSSH",
        );
        says(
            wrong(&written("b", "ENCRYPTED PRIVATE KEY", "AAAA")),
            "passphrase",
        );
        says(
            wrong(&written("c", "PRIVATE KEY", "AAAA")),
            "another algorithm",
        );
        says(wrong(&written("d", "SOMETHING", "")), "it should be PEM");
    }

    #[test]
    fn the_signed_text_is_one_fact_a_line() {
        let entry = signed(&key(1));
        let outputs = outputs("o");
        insta::assert_snapshot!(statement_of(&entry, &outputs).unwrap().text(), @"
        streamflow promotion 1
        model m
        stage production
        run 294946413119c21ee497b1861c6cf386cdfa8c9778149ed0d2f074b39e6e1e6d
        output training_set 16789f4a42a31add22e083dfe5f69d8844b50d599e84db713834801ac6f7eb99
        output split a68c3c40efa6037da6c1afe4e65abce4617ca7b30f54c6f63f2db87cec986e2c
        output model ccca53791b024d98ee5d8c126d923e16f6cede945beb0b93c9abca301ed453e7
        output predictions 5758ca84a4a23e29c9dc5c91f911362ec1b6c8ce917a0a9fbf2670572b8054fb
        sequence 1
        previous none
        reason because
        ");
    }

    #[test]
    fn a_signature_is_good_for_one_promotion() {
        let entry = signed(&key(1));
        assert!(is_vouched_for(&entry));
        let trusted = [PublicKey(key(1).0.verifying_key())];
        let verdict = |pin: &Pin, name: &str, stage, made: &str, trusted: &[PublicKey]| {
            require_signature(&model(name), stage, pin, &outputs(made), trusted)
        };
        let production = Stage::Production;
        let pin = entry.pin();
        verdict(&pin, "m", production, "o", &trusted).unwrap();
        let says = |result: Result<()>, words: &str| {
            let error = result.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        };
        let of_this = "not of this promotion";
        says(verdict(&pin, "n", production, "o", &trusted), of_this);
        says(verdict(&pin, "m", Stage::Staging, "o", &trusted), of_this);
        says(verdict(&pin, "m", production, "p", &trusted), of_this);
        let changes: [fn(&mut Pin); 6] = [
            |pin| pin.run = RunId::of("b"),
            |pin| pin.sequence = 2,
            |pin| pin.reason = Some("another".into()),
            |pin| pin.reason = None,
            |pin| pin.signature.as_mut().unwrap().previous = Some(TransitionHash::of("x")),
            |pin| pin.signature.as_mut().unwrap().signature = "00".repeat(64),
        ];
        for change in changes {
            let mut other = pin.clone();
            change(&mut other);
            says(verdict(&other, "m", production, "o", &trusted), of_this);
        }
        let other = [PublicKey(key(2).0.verifying_key())];
        says(verdict(&pin, "m", production, "o", &other), "not trusted");
        says(verdict(&pin, "m", production, "o", &[]), "not trusted");
        let unsigned = Pin::plain(pin.run, 1, pin.hash);
        says(
            verdict(&unsigned, "m", production, "o", &trusted),
            "not signed",
        );
        for broken in ["", "zz", "0", &"é".repeat(64), &"AB".repeat(64)] {
            let mut other = pin.clone();
            other.signature.as_mut().unwrap().signature = broken.to_string();
            says(verdict(&other, "m", production, "o", &trusted), of_this);
        }
    }

    #[test]
    fn an_entry_with_another_signature_shows() {
        let mut entry = signed(&key(1));
        entry.signed.as_mut().unwrap().key = key(2).public();
        assert!(!is_vouched_for(&entry));
        let mut entry = signed(&key(1));
        entry.reason = "another".into();
        assert!(!is_vouched_for(&entry));
        let mut entry = signed(&key(1));
        entry.signed.as_mut().unwrap().key = "not a key".into();
        assert!(!is_vouched_for(&entry));
    }
}
