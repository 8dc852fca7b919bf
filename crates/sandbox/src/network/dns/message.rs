//! Questions and answers as RFC 1035 has them, as far as a network's own names need them.

use std::net::Ipv4Addr;

use crate::network::names::Names;

const HEADER: usize = 12;
const IPV4: u16 = 1;
const POINTER: u16 = 12;
const ANY: u16 = 255;
const INTERNET: u16 = 1;
/// Seconds; members come and go.
const LIFE: u32 = 10;
const NOT_UNDERSTOOD: u8 = 1;
const FAILED: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;

/// One question, by a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query<'a> {
    /// Header and question.
    asked: &'a [u8],
    /// Labels joined by dots.
    name: String,
    kind: u16,
    class: u16,
}

/// Who answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Own(Vec<u8>),
    Foreign,
}

impl<'a> Query<'a> {
    /// Reads a message. The error is the answer to one that is no question, if it deserves any.
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Option<Vec<u8>>> {
        const RESPONSE: u8 = 0x80;
        const OPERATION: u8 = 0x78;
        let Some(header) = message.first_chunk::<HEADER>() else {
            return Err(None);
        };
        if header[2] & RESPONSE != 0 {
            return Err(None);
        }
        let refuse = |code| Err(Some(answer(header, code, 0)));
        if header[2] & OPERATION != 0 {
            return refuse(NOT_IMPLEMENTED);
        }
        if header[4..6] != [0, 1] {
            return refuse(NOT_UNDERSTOOD);
        }
        let Some((name, end)) = read_name(message) else {
            return refuse(NOT_UNDERSTOOD);
        };
        let (Some(kind), Some(class)) = (number(message, end), number(message, end + 2)) else {
            return refuse(NOT_UNDERSTOOD);
        };
        Ok(Self { asked: &message[..end + 4], name, kind, class })
    }

    pub(super) fn look_up(&self, names: &Names) -> Outcome {
        if self.class != INTERNET {
            return Outcome::Foreign;
        }
        if let Some(address) = asked_address(&self.name) {
            return match names.name(address) {
                None => Outcome::Foreign,
                Some(Some(name)) if matches!(self.kind, POINTER | ANY) => {
                    Outcome::Own(self.records(POINTER, &[to_labels(name)]))
                }
                Some(Some(_)) => Outcome::Own(self.records(POINTER, &[])),
                Some(None) => Outcome::Own(answer(self.asked, NO_SUCH_NAME, 0)),
            };
        }
        let Some(addresses) = names.addresses(&self.name) else {
            return Outcome::Foreign;
        };
        if matches!(self.kind, IPV4 | ANY) {
            let data: Vec<_> = addresses.iter().map(|address| address.octets().to_vec()).collect();
            Outcome::Own(self.records(IPV4, &data))
        } else {
            // The name exists, but has nothing of the kind: such as IPv6 addresses.
            Outcome::Own(self.records(IPV4, &[]))
        }
    }

    /// The answer when nobody knows.
    pub(super) fn failure(&self) -> Vec<u8> {
        answer(self.asked, FAILED, 0)
    }

    fn records(&self, kind: u16, data: &[Vec<u8>]) -> Vec<u8> {
        // The name is that of the question, by its position.
        const QUESTION: [u8; 2] = [0xc0, HEADER as u8];
        /// What every client can take.
        const LARGEST: usize = 512;
        let mut whole = answer(self.asked, 0, 0);
        let mut count = 0_u16;
        for one in data {
            if whole.len() + 12 + one.len() > LARGEST {
                break;
            }
            whole.extend_from_slice(&QUESTION);
            whole.extend_from_slice(&kind.to_be_bytes());
            whole.extend_from_slice(&INTERNET.to_be_bytes());
            whole.extend_from_slice(&LIFE.to_be_bytes());
            whole.extend_from_slice(&(one.len() as u16).to_be_bytes());
            whole.extend_from_slice(one);
            count += 1;
        }
        whole[6..8].copy_from_slice(&count.to_be_bytes());
        whole
    }
}

/// Header and question of a message, made its answer.
fn answer(asked: &[u8], code: u8, count: u16) -> Vec<u8> {
    const RESPONSE_AUTHORITATIVE: u8 = 0x84;
    const RECURSION_DESIRED: u8 = 0x01;
    const RECURSION_AVAILABLE: u8 = 0x80;
    let mut whole = asked.to_vec();
    whole[2] = RESPONSE_AUTHORITATIVE | whole[2] & RECURSION_DESIRED;
    whole[3] = RECURSION_AVAILABLE | code;
    let questions = u16::from(asked.len() > HEADER);
    whole[4..6].copy_from_slice(&questions.to_be_bytes());
    whole[6..8].copy_from_slice(&count.to_be_bytes());
    whole[8..12].fill(0);
    whole
}

/// The name of the first question, and where it ends. Compression has no place there.
fn read_name(message: &[u8]) -> Option<(String, usize)> {
    const LONGEST_LABEL: usize = 63;
    const LONGEST: usize = 255;
    let mut name = String::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((name, at));
        }
        if length > LONGEST_LABEL || at + length - HEADER > LONGEST {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        for byte in message.get(at..at + length)? {
            // Whatever is not a letter of a host's name cannot be equal to one.
            name.push(if byte.is_ascii_graphic() && *byte != b'.' { char::from(*byte) } else { '\u{fffd}' });
        }
        at += length;
    }
}

fn number(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?))
}

/// `4.3.2.1.in-addr.arpa` is 1.2.3.4.
fn asked_address(name: &str) -> Option<Ipv4Addr> {
    let suffix = name.len().checked_sub(".in-addr.arpa".len())?;
    let (digits, suffix) = (name.get(..suffix)?, name.get(suffix..)?);
    if !suffix.eq_ignore_ascii_case(".in-addr.arpa") {
        return None;
    }
    let reversed: Ipv4Addr = digits.parse().ok()?;
    let [a, b, c, d] = reversed.octets();
    Some(Ipv4Addr::new(d, c, b, a))
}

fn to_labels(name: &str) -> Vec<u8> {
    let mut labels = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let bytes = &label.as_bytes()[..label.len().min(63)];
        labels.push(bytes.len() as u8);
        labels.extend_from_slice(bytes);
    }
    labels.push(0);
    labels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::names::Subnet;

    fn names() -> Names {
        let mut names = Names::new(Subnet::new(Ipv4Addr::new(10, 1, 2, 0), 24).expect("subnet"), &[]);
        let address = names.take(None).expect("address");
        names.enter(address, ["db", "db.local"].into_iter());
        names
    }

    fn question(name: &str, kind: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        message.extend(to_labels(name));
        message.extend(kind.to_be_bytes());
        message.extend(INTERNET.to_be_bytes());
        message
    }

    fn ask(name: &str, kind: u16) -> Outcome {
        Query::parse(&question(name, kind)).expect("a question").look_up(&names())
    }

    /// Code, number of answers, data of the first.
    fn read(outcome: Outcome, asked: usize) -> (u8, u16, Vec<u8>) {
        let Outcome::Own(message) = outcome else { panic!("foreign") };
        assert_eq!(message[..2], [0xab, 0xcd]);
        let data = message.get(asked + 12..).unwrap_or_default().to_vec();
        (message[3] & 15, number(&message, 6).expect("count"), data)
    }

    #[test]
    fn own_names_and_numbers() {
        let length = |name: &str| question(name, 1).len();
        assert_eq!(read(ask("DB", 1), length("DB")), (0, 1, vec![10, 1, 2, 2]));
        assert_eq!(read(ask("db.local", 255), length("db.local")), (0, 1, vec![10, 1, 2, 2]));
        // IPv6: there is no address, but there is the name.
        assert_eq!(read(ask("db", 28), length("db")), (0, 0, vec![]));
        let number = "2.2.1.10.in-addr.arpa";
        assert_eq!(read(ask(number, 12), length(number)), (0, 1, b"\x02db\0".to_vec()));
        let number = "9.2.1.10.in-addr.arpa";
        assert_eq!(read(ask(number, 12), length(number)).0, NO_SUCH_NAME);
        assert_eq!(ask("example.org", 1), Outcome::Foreign);
        assert_eq!(ask("1.0.0.127.in-addr.arpa", 12), Outcome::Foreign);
        assert_eq!(ask("", 2), Outcome::Foreign);
    }

    #[test]
    fn what_is_no_question() {
        assert_eq!(Query::parse(&[1, 2, 3]), Err(None));
        let mut response = question("db", 1);
        response[2] |= 0x80;
        assert_eq!(Query::parse(&response), Err(None), "answering answers would never end");
        let mut update = question("db", 1);
        update[2] |= 5 << 3;
        let refusal = Query::parse(&update).expect_err("refused").expect("answered");
        assert_eq!((refusal[3] & 15, refusal.len()), (NOT_IMPLEMENTED, HEADER));
        let mut looped = question("db", 1);
        looped[HEADER] = 0xc0;
        assert!(matches!(Query::parse(&looped), Err(Some(_))));
    }

    proptest! {
        #[test]
        fn any_bytes(message in prop::collection::vec(any::<u8>(), 0..300), valid in any::<bool>()) {
            let mut message = message;
            if valid && message.len() >= HEADER {
                message[..HEADER].copy_from_slice(&[0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
            }
            if let Ok(query) = Query::parse(&message) {
                let failure = query.failure();
                prop_assert!(failure.len() <= message.len());
                if let Outcome::Own(answer) = query.look_up(&names()) {
                    prop_assert!(answer.len() <= 512.max(message.len()));
                }
            }
        }
    }
}
