//! The hello that old servers answer.

/// Cipher suites offered, best first (IANA TLS Cipher Suites). None without a certificate. Breadth
/// is the point: no byte is ever encrypted with any of them.
const SUITES: [u16; 63] = [
    // ECDHE with AEAD, with CBC, with 3DES, RC4 and NULL.
    0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca9, 0xcca8, 0xc0ac, 0xc0ad, //
    0xc023, 0xc024, 0xc027, 0xc028, 0xc009, 0xc00a, 0xc013, 0xc014, //
    0xc008, 0xc012, 0xc007, 0xc011, 0xc006, 0xc010, //
    // DHE with RSA, with DSS.
    0x009e, 0x009f, 0xccaa, 0x0067, 0x006b, 0x0033, 0x0039, 0x0045, 0x0088, 0x0016, //
    0x00a2, 0x00a3, 0x0040, 0x006a, 0x0032, 0x0038, 0x0013, //
    // RSA: AEAD, CBC, 3DES, SEED, RC4, DES, NULL.
    0x009c, 0x009d, 0xc09c, 0xc09d, 0x003c, 0x003d, 0x002f, 0x0035, 0x0041, 0x0084, 0x000a, 0x0096,
    0x0005, 0x0004, 0x0009, 0x003b, 0x0002, 0x0001, //
    // GOST (RFC 9189 and the drafts before it).
    0xc100, 0xc101, 0xc102, 0xff85, 0x0081, //
    // Static ECDH, for one appliance that knows nothing else.
    0xc004,
];

/// Groups offered (IANA TLS Supported Groups): OpenSSL shows a certificate on a curve only to those
/// who name the curve.
const GROUPS: [u16; 14] = [29, 23, 24, 25, 30, 22, 26, 27, 28, 21, 19, 41, 256, 257];

/// Signature algorithms offered (IANA TLS `SignatureScheme`), down to MD5, DSA, GOST and SM2.
const SIGNATURES: [u16; 27] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401,
    0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0101, 0x0402, 0x0502, 0x0602, 0x0302, 0x0202,
    0x0840, 0x0841, 0x0708,
];

/// A hello of 256 to 511 bytes hangs a widespread load balancer (RFC 7685, section 1); one of this
/// length does not.
const HELLO_LEN_MIN: usize = 512;

/// A whole record with a `ClientHello` for TLS 1.2 and below. `sni` is at most 255 bytes.
pub fn client_hello(sni: Option<&str>, random: &[u8; 32]) -> Vec<u8> {
    let mut hello = Vec::with_capacity(HELLO_LEN_MIN + 64);
    hello.extend([0x03, 0x03]);
    hello.extend(random);
    hello.push(0); // no session to resume
    list_u16(&mut hello, &SUITES);
    hello.extend([1, 0]); // the null compression
    vector(&mut hello, |body| extensions(body, sni));

    let mut record = vec![0x16, 0x03, 0x01];
    vector(&mut record, |body| {
        body.extend([0x01, 0x00]); // ClientHello, and the high byte of a three-byte length
        vector(body, |message| message.append(&mut hello));
    });
    record
}

/// Writes all extensions behind what `body` holds of the hello.
fn extensions(body: &mut Vec<u8>, sni: Option<&str>) {
    if let Some(name) = sni {
        extension(body, 0, |data| {
            vector(data, |list| {
                list.push(0); // host_name
                vector(list, |text| text.extend(name.as_bytes()));
            });
        });
    }
    extension(body, 10, |data| list_u16(data, &GROUPS));
    extension(body, 11, |data| data.extend([1, 0])); // uncompressed points
    extension(body, 13, |data| list_u16(data, &SIGNATURES));
    extension(body, 23, |_| {}); // extended master secret
    extension(body, 35, |_| {}); // session ticket
    extension(body, 0xff01, |data| data.push(0)); // secure renegotiation
    // What is there already begins with the version; a message header stands before all of it, and
    // the header of this last extension behind.
    let missing = HELLO_LEN_MIN.saturating_sub(4 + body.len() + 4);
    extension(body, 21, |data| data.extend(std::iter::repeat_n(0, missing)));
}

fn extension(out: &mut Vec<u8>, kind: u16, data: impl FnOnce(&mut Vec<u8>)) {
    out.extend(kind.to_be_bytes());
    vector(out, data);
}

fn list_u16(out: &mut Vec<u8>, items: &[u16]) {
    vector(out, |list| items.iter().for_each(|item| list.extend(item.to_be_bytes())));
}

/// Writes what `content` writes, behind its length in two bytes.
fn vector(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0, 0]);
    content(out);
    let length = u16::try_from(out.len() - start - 2).expect("a hello is far below 64 KiB");
    out[start..start + 2].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use rustls::server::Acceptor;

    use super::*;

    fn read_back(sni: Option<&str>) -> (Option<String>, usize, usize) {
        let hello = client_hello(sni, &[7; 32]);
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut hello.as_slice()).unwrap();
        let accepted = acceptor.accept().unwrap().expect("a whole hello");
        let hello = accepted.client_hello();
        let name = hello.server_name().map(str::to_owned);
        (name, hello.cipher_suites().len(), hello.signature_schemes().len())
    }

    #[test]
    fn a_server_reads_the_hello_as_meant() {
        let name = "a.example".to_owned();
        assert_eq!(read_back(Some(&name)), (Some(name), SUITES.len(), SIGNATURES.len()));
        assert_eq!(read_back(None), (None, SUITES.len(), SIGNATURES.len()));
    }

    #[test]
    fn no_hello_has_a_length_that_hangs_load_balancers() {
        for length in [1_usize, 30, 100, 253] {
            let name = vec!["a"; length.div_ceil(2)].join(".");
            let message = client_hello(Some(&name), &[0; 32]).len() - 5;
            assert!(!(256..HELLO_LEN_MIN).contains(&message), "{message} bytes");
        }
        assert_eq!(client_hello(None, &[0; 32]).len(), 5 + HELLO_LEN_MIN);
    }
}
