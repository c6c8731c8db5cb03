//! An authenticator in software that can be told to lie in one thing at a time. Independent of the product's library.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What an authenticator says of its person.
#[derive(Clone)]
pub(crate) enum Handle {
    Own,
    Left,
    Other(Vec<u8>),
}

/// What a browser and its authenticator would say.
#[derive(Clone)]
pub(crate) struct Says {
    pub(crate) origin: String,
    pub(crate) rp_id: String,
    pub(crate) kind: &'static str,
    /// In place of the challenge that was given.
    pub(crate) challenge: Option<String>,
    pub(crate) cross_origin: bool,
    pub(crate) present: bool,
    pub(crate) verified: bool,
    /// The key may be kept in several places, and is.
    pub(crate) backup: (bool, bool),
    /// It has a signature counter.
    pub(crate) counts: bool,
    /// COSE number of the algorithm a new key claims to be of.
    pub(crate) algorithm: i8,
    /// Whom the authenticator names.
    pub(crate) user_handle: Handle,
    /// Flip a bit of the signature.
    pub(crate) spoiled: bool,
}

impl Says {
    fn truth(kind: &'static str) -> Self {
        Self {
            origin: "https://id.example.com".to_owned(),
            rp_id: "id.example.com".to_owned(),
            kind,
            challenge: None,
            cross_origin: false,
            present: true,
            verified: true,
            backup: (false, false),
            counts: true,
            algorithm: -7,
            user_handle: Handle::Own,
            spoiled: false,
        }
    }

    /// The truth of a registration.
    pub(crate) fn made() -> Self {
        Self::truth("webauthn.create")
    }

    /// The truth of a sign-in.
    pub(crate) fn used() -> Self {
        Self::truth("webauthn.get")
    }

    /// On a page of this origin.
    pub(crate) fn at(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    fn client_data(&self, given: &str) -> Vec<u8> {
        let challenge = self.challenge.as_deref().unwrap_or(given);
        let data = json!({
            "type": self.kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, counter: u32, new_key: bool) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        let (eligible, backed_up) = self.backup;
        data.push(
            u8::from(self.present)
                | (u8::from(self.verified) << 2)
                | (u8::from(eligible) << 3)
                | (u8::from(backed_up) << 4)
                | (u8::from(new_key) << 6),
        );
        data.extend(if self.counts { counter } else { 0 }.to_be_bytes());
        data
    }
}

/// A maker of authenticators with a root certificate of its own.
pub(crate) struct Maker {
    pub(crate) root: String,
    pub(crate) model: [u8; 16],
    certificate: Vec<u8>,
    key: EcdsaKeyPair,
    pkcs8: Vec<u8>,
}

impl Maker {
    pub(crate) fn new(model: [u8; 16]) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        root.distinguished_name.push(DnType::CommonName, "Maker");
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let issuer = Issuer::new(root, root_key);
        let leaf_key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::default();
        leaf.is_ca = IsCa::ExplicitNoCa;
        // WebAuthn level 3 section 8.2.1.
        let names = [
            (DnType::CountryName, "DE"),
            (DnType::OrganizationName, "Maker"),
            (DnType::OrganizationalUnitName, "Authenticator Attestation"),
            (DnType::CommonName, "Batch 1"),
        ];
        for (kind, name) in names {
            leaf.distinguished_name.push(kind, name);
        }
        let certificate = leaf.signed_by(&leaf_key, &issuer).unwrap().der().to_vec();
        let pkcs8 = leaf_key.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
        Self {
            root: root_pem,
            model,
            certificate,
            key,
            pkcs8,
        }
    }

    /// The same maker with another model.
    pub(crate) fn with_model(&self, model: [u8; 16]) -> Self {
        Self {
            root: self.root.clone(),
            model,
            certificate: self.certificate.clone(),
            key: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8).unwrap(),
            pkcs8: self.pkcs8.clone(),
        }
    }

    /// A packed attestation statement.
    fn vouch(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let signed = [data, &Sha256::digest(client_data)].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let mut statement = vec![0xa3];
        statement.extend(cbor(3, b"alg"));
        statement.push(0x26);
        statement.extend(cbor(3, b"sig"));
        statement.extend(cbor(2, signature.as_ref()));
        statement.extend(cbor(3, b"x5c"));
        statement.push(0x81);
        statement.extend(cbor(2, &self.certificate));
        statement
    }
}

/// A text (3) or bytes (2), with the shortest form of their length (RFC 8949 section 3).
fn cbor(kind: u8, content: &[u8]) -> Vec<u8> {
    let kind = kind << 5;
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let mut bytes = match length {
        0..24 => vec![kind | low],
        24..256 => vec![kind | 0x18, low],
        _ => vec![kind | 0x19, high, low],
    };
    bytes.extend(content);
    bytes
}

/// One passkey.
pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    pub(crate) id: Vec<u8>,
    pub(crate) user_handle: Vec<u8>,
    pub(crate) counter: u32,
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl Authenticator {
    /// A new key, and what is said about it. Nobody vouches for it.
    pub(crate) fn make(public_key: &Value, says: &Says) -> (Self, String) {
        Self::make_by(None, public_key, says)
    }

    /// A new key and the word of its maker.
    pub(crate) fn make_by(maker: Option<&Maker>, public_key: &Value, says: &Says) -> (Self, String) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let made = Self {
            id: Sha256::digest(key.public_key().as_ref()).to_vec(),
            key,
            user_handle: URL_SAFE_NO_PAD.decode(text(&public_key["user"]["id"])).unwrap(),
            counter: 1,
        };
        let said = made.said(maker, public_key, says);
        (made, said)
    }

    /// The same credential once more, in answer to another challenge.
    pub(crate) fn said_again(&self, public_key: &Value, says: &Says) -> String {
        self.said(None, public_key, says)
    }

    fn said(&self, maker: Option<&Maker>, public_key: &Value, says: &Says) -> String {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03];
        // A negative number below 24 is one byte, one below 256 two (RFC 8949 section 3.1).
        let number = u8::try_from(-1 - i16::from(says.algorithm)).unwrap();
        if number < 24 {
            cose.push(0x20 | number);
        } else {
            cose.extend([0x38, number]);
        }
        cose.extend([0x20, 0x01, 0x21, 0x58, 0x20]);
        cose.extend(x);
        cose.extend([0x22, 0x58, 0x20]);
        cose.extend(y);
        let mut data = says.authenticator_data(1, true);
        data.extend(maker.map_or([0; 16], |maker| maker.model));
        data.extend([0, 32]);
        data.extend(&self.id);
        data.extend(cose);
        let client_data = says.client_data(text(&public_key["challenge"]));
        let (format, statement) = match maker {
            Some(maker) => ("packed", maker.vouch(&data, &client_data)),
            None => ("none", vec![0xa0]),
        };
        let mut object = vec![0xa3];
        object.extend(cbor(3, b"fmt"));
        object.extend(cbor(3, format.as_bytes()));
        object.extend(cbor(3, b"attStmt"));
        object.extend(statement);
        object.extend(cbor(3, b"authData"));
        object.extend(cbor(2, &data));
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&client_data),
                "attestationObject": b64(&object),
            },
        })
        .to_string()
    }

    /// Signs a challenge; the counter goes up first.
    pub(crate) fn sign(&mut self, public_key: &Value, says: &Says) -> String {
        self.counter += 1;
        let client_data = says.client_data(text(&public_key["challenge"]));
        let data = says.authenticator_data(self.counter, false);
        let signed = [data.clone(), Sha256::digest(&client_data).to_vec()].concat();
        let mut signature = self
            .key
            .sign(&SystemRandom::new(), &signed)
            .unwrap()
            .as_ref()
            .to_vec();
        if says.spoiled {
            *signature.last_mut().unwrap() ^= 1;
        }
        let handle = match &says.user_handle {
            Handle::Own => Some(&self.user_handle),
            Handle::Left => None,
            Handle::Other(handle) => Some(handle),
        };
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(&client_data),
                "authenticatorData": b64(&data),
                "signature": b64(&signature),
                "userHandle": handle.map(|handle| b64(handle)),
            },
        })
        .to_string()
    }
}
