//! Passwords that attackers know, as a filter that needs no network: binary fuse filters of 16 bits, one for each part
//! of the sorted hashes. About 18 bits a password; one in 65 536 others is taken for a known one.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use xorf::{BinaryFuse16, Descriptor, Filter as _};

const MAGIC: &[u8; 8] = b"rsp-pwf1";
/// Hashes in one part: what is held in memory while building, and what is read for one look.
const PART: usize = 1 << 18;
/// A filter of fewer cannot be built; the rest is filled up.
const LEAST: usize = 64;
const ENTRY: usize = 40;
const FOOT: usize = 24;
/// Parts a file may have: a thousand million hashes have four thousand.
const MOST_PARTS: u64 = 1 << 16;

/// The list that is part of the program; `data/passwords/README.md` says where it comes from.
static SHIPPED: &[u8] = include_bytes!("../../data/passwords/common.filter");

/// A filter cannot be read or built.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// The file cannot be read or written.
    #[error("the password filter: {0}")]
    Io(#[from] io::Error),
    /// Not a filter, or one that was cut off.
    #[error("the password filter: not a filter, or damaged")]
    Malformed,
    /// The hashes are not in order.
    #[error("the hashes are not sorted: use the list ordered by hash")]
    Unsorted,
    /// Should not happen: the construction is tried a thousand times.
    #[error("the password filter could not be built")]
    Unlucky,
}

/// A filter that can be asked.
#[derive(Debug)]
pub(crate) struct BreachedFilter {
    source: Source,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Source {
    Shipped(&'static [u8]),
    File(File),
}

#[derive(Debug, Clone)]
struct Part {
    first: u64,
    descriptor: Descriptor,
    count: u32,
    offset: u64,
}

impl BreachedFilter {
    /// The one of `path`, or the shipped one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, FilterError> {
        match path {
            Some(path) => {
                let file = File::open(path)?;
                let length = file.metadata()?.len();
                Self::read(Source::File(file), length)
            }
            None => Self::read(Source::Shipped(SHIPPED), SHIPPED.len() as u64),
        }
    }

    fn read(source: Source, length: u64) -> Result<Self, FilterError> {
        let bad = || FilterError::Malformed;
        let foot_at = length.checked_sub(FOOT as u64).ok_or_else(bad)?;
        let foot = source.bytes(foot_at, FOOT)?;
        let count = u64_at(&foot, 0).ok_or_else(bad)?;
        if foot.get(16..) != Some(MAGIC) || count > MOST_PARTS {
            return Err(bad());
        }
        let size = usize::try_from(count).map_err(|_| bad())? * ENTRY;
        let index_at = foot_at.checked_sub(size as u64).ok_or_else(bad)?;
        let index = source.bytes(index_at, size)?;
        let parts: Vec<Part> = index
            .chunks_exact(ENTRY)
            .map(|entry| Part::read(entry, index_at).ok_or_else(bad))
            .collect::<Result<_, _>>()?;
        if !parts.is_sorted_by_key(|part| part.first) {
            return Err(bad());
        }
        Ok(Self { source, parts })
    }

    /// Whether attackers know this password, as it is or in small letters.
    pub(crate) fn knows(&self, password: &str) -> Result<bool, FilterError> {
        let lower = password.to_lowercase();
        Ok(self.has(key_of(password))? || (lower != password && self.has(key_of(&lower))?))
    }

    fn has(&self, key: u64) -> Result<bool, FilterError> {
        let after = self.parts.partition_point(|part| part.first <= key);
        let Some(part) = after.checked_sub(1).and_then(|at| self.parts.get(at)) else {
            return Ok(false);
        };
        let bytes = self.source.bytes(part.offset, part.count as usize * 2)?;
        let (pairs, _) = bytes.as_chunks::<2>();
        let filter = BinaryFuse16 {
            descriptor: part.descriptor.clone(),
            fingerprints: pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
        };
        Ok(filter.contains(&key))
    }
}

impl Source {
    fn bytes(&self, offset: u64, length: usize) -> Result<Vec<u8>, FilterError> {
        match self {
            Self::Shipped(all) => {
                let from = usize::try_from(offset).map_err(|_| FilterError::Malformed)?;
                let part = all.get(from..).and_then(|rest| rest.get(..length));
                Ok(part.ok_or(FilterError::Malformed)?.to_vec())
            }
            Self::File(file) => {
                let mut part = vec![0; length];
                file.read_exact_at(&mut part, offset)?;
                Ok(part)
            }
        }
    }
}

impl Part {
    /// Reads an entry of the index; `None` if what it says would lead outside the part or the file.
    fn read(entry: &[u8], end: u64) -> Option<Self> {
        let part = Self {
            first: u64_at(entry, 0)?,
            descriptor: Descriptor {
                seed: u64_at(entry, 8)?,
                segment_length: u32_at(entry, 16)?,
                segment_length_mask: u32_at(entry, 20)?,
                segment_count_length: u32_at(entry, 24)?,
            },
            count: u32_at(entry, 28)?,
            offset: u64_at(entry, 32)?,
        };
        let Descriptor {
            segment_length: segment,
            segment_length_mask: mask,
            segment_count_length: all,
            ..
        } = part.descriptor;
        let fits = segment.is_power_of_two()
            && mask == segment - 1
            && all.is_multiple_of(segment)
            && all.checked_add(segment.checked_mul(2)?)? == part.count
            && part.count <= 1 << 21
            && part.offset.checked_add(u64::from(part.count) * 2)? <= end;
        fits.then_some(part)
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&self.first.to_le_bytes())?;
        to.write_all(&self.descriptor.seed.to_le_bytes())?;
        to.write_all(&self.descriptor.segment_length.to_le_bytes())?;
        to.write_all(&self.descriptor.segment_length_mask.to_le_bytes())?;
        to.write_all(&self.descriptor.segment_count_length.to_le_bytes())?;
        to.write_all(&self.count.to_le_bytes())?;
        to.write_all(&self.offset.to_le_bytes())
    }
}

/// Builds a filter from sorted hashes, part by part: what it holds in memory does not grow with the list.
#[derive(Debug)]
pub struct FilterWriter<W: Write> {
    to: W,
    offset: u64,
    parts: Vec<Part>,
    waiting: Vec<u64>,
    last: Option<u64>,
    entries: u64,
}

impl<W: Write> FilterWriter<W> {
    /// A filter that is written to `to`.
    pub fn new(to: W) -> Self {
        Self {
            to,
            offset: 0,
            parts: Vec::new(),
            waiting: Vec::new(),
            last: None,
            entries: 0,
        }
    }

    /// Adds a hash, which is not below the one before.
    pub fn push(&mut self, key: PasswordKey) -> Result<(), FilterError> {
        let PasswordKey(key) = key;
        match self.last {
            Some(last) if key < last => return Err(FilterError::Unsorted),
            Some(last) if key == last => return Ok(()),
            _ => self.last = Some(key),
        }
        if self.waiting.len() == PART {
            self.part()?;
        }
        self.waiting.push(key);
        self.entries += 1;
        Ok(())
    }

    /// Writes what is left and the index; how many hashes there are.
    pub fn finish(mut self) -> Result<u64, FilterError> {
        if !self.waiting.is_empty() {
            self.part()?;
        }
        for part in &self.parts {
            part.write(&mut self.to)?;
        }
        self.to.write_all(&(self.parts.len() as u64).to_le_bytes())?;
        self.to.write_all(&self.entries.to_le_bytes())?;
        self.to.write_all(MAGIC)?;
        self.to.flush()?;
        Ok(self.entries)
    }

    fn part(&mut self) -> Result<(), FilterError> {
        let mut keys = std::mem::take(&mut self.waiting);
        let Some(first) = keys.first().copied() else {
            return Ok(());
        };
        // Numbers that are nobody's hash: as likely to hit as any other.
        let mut filler = first;
        while keys.len() < LEAST {
            filler = filler.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            if !keys.contains(&filler) {
                keys.push(filler);
            }
        }
        let filter = BinaryFuse16::try_from(keys.as_slice()).map_err(|_| FilterError::Unlucky)?;
        let bytes: Vec<u8> = filter
            .fingerprints
            .iter()
            .flat_map(|print| print.to_le_bytes())
            .collect();
        self.to.write_all(&bytes)?;
        self.parts.push(Part {
            first,
            descriptor: filter.descriptor,
            count: u32::try_from(filter.fingerprints.len()).map_err(|_| FilterError::Unlucky)?,
            offset: self.offset,
        });
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

/// The first 64 bits of a password's SHA-1: the hash of the public lists. It protects nothing here; the passwords in
/// those lists are public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PasswordKey(u64);

impl PasswordKey {
    /// Of a password itself.
    pub fn of(password: &str) -> Self {
        Self(key_of(password))
    }

    /// Of a line `HASH` or `HASH:COUNT` of a public list; `None` if it is none.
    pub fn of_line(line: &str) -> Option<Self> {
        let (hash, count) = line.split_once(':').unwrap_or((line, "0"));
        let well_formed = hash.len() == 40
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && count.bytes().all(|byte| byte.is_ascii_digit());
        let first = hash.get(..16).filter(|_| well_formed)?;
        u64::from_str_radix(first, 16).ok().map(Self)
    }
}

fn key_of(password: &str) -> u64 {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    hash.as_ref()
        .first_chunk()
        .map_or(0, |first| u64::from_be_bytes(*first))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|part| u64::from_le_bytes(*part))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|part| u32::from_le_bytes(*part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = include_str!("../../data/passwords/common.txt");

    fn built(keys: impl IntoIterator<Item = PasswordKey>) -> Vec<u8> {
        let mut keys: Vec<PasswordKey> = keys.into_iter().collect();
        keys.sort_unstable();
        let mut bytes = Vec::new();
        let mut writer = FilterWriter::new(&mut bytes);
        for key in keys {
            writer.push(key).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    /// `rsp password-filter build --plain` makes the shipped file anew.
    #[test]
    fn the_shipped_filter_is_made_of_the_list_beside_it() {
        assert!(LIST.lines().count() > 20_000);
        assert!(
            built(LIST.lines().map(PasswordKey::of)) == SHIPPED,
            "common.filter is not what common.txt makes"
        );
    }

    #[test]
    fn every_entry_is_known_and_others_are_not() {
        let shipped = BreachedFilter::open(None).unwrap();
        for word in LIST.lines().step_by(97) {
            assert!(shipped.knows(word).unwrap(), "{word}");
            assert!(
                shipped.knows(&word.to_uppercase()).unwrap() || !word.is_ascii(),
                "{word}"
            );
        }
        let unknown = (0..2_000).filter(|n| shipped.knows(&format!("a passphrase of nobody {n}")).unwrap());
        assert!(unknown.count() <= 1);
    }

    #[test]
    fn a_list_of_many_parts_is_one_filter() {
        let folder = std::env::temp_dir().join(format!("rsp-filter-{}", std::process::id()));
        let keys = (0..600_000_u64).map(|n| PasswordKey(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        std::fs::write(&folder, built(keys.clone())).unwrap();
        let filter = BreachedFilter::open(Some(&folder)).unwrap();
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(filter.parts.len(), 3);
        for PasswordKey(key) in keys.step_by(5_003) {
            assert!(filter.has(key).unwrap());
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let good = built(["a", "b"].map(PasswordKey::of));
        let read = |bytes: &[u8]| {
            let held: &'static [u8] = Box::leak(bytes.to_vec().into_boxed_slice());
            BreachedFilter::read(Source::Shipped(held), held.len() as u64)
        };
        assert!(read(&good).unwrap().knows("a").unwrap());
        let index = good.len() - FOOT - ENTRY;
        let mut bad = vec![Vec::new(), good[1..].to_vec(), good[..good.len() - 1].to_vec()];
        // Segment length, mask, length of all, count, offset.
        for at in [16, 20, 24, 28, 38] {
            let mut changed = good.clone();
            changed[index + at] ^= 0xff;
            bad.push(changed);
        }
        for bytes in bad {
            assert!(read(&bytes).is_err());
        }
    }

    #[test]
    fn lines_of_the_public_list_are_read_and_others_are_not() {
        // SHA-1 of "password".
        let line = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365";
        assert_eq!(PasswordKey::of_line(line), Some(PasswordKey::of("password")));
        let short = line.get(..40).unwrap();
        assert_eq!(PasswordKey::of_line(short), Some(PasswordKey::of("password")));
        for bad in [
            "",
            "5BAA",
            &format!("{short}:x"),
            &format!("{short}0"),
            "password",
        ] {
            assert_eq!(PasswordKey::of_line(bad), None, "{bad}");
        }
        let mut writer = FilterWriter::new(Vec::new());
        writer.push(PasswordKey(2)).unwrap();
        assert!(matches!(writer.push(PasswordKey(1)), Err(FilterError::Unsorted)));
    }
}
