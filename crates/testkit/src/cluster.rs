//! The data folder of a private PostgreSQL: whose it is, and how it is filled quickly.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::postgres::SUPERUSER;
use crate::process::{LaunchError, random_hex};

/// Run once in single-user mode when the cluster is made; one statement a line.
const BOOTSTRAP: &str = "\
CREATE ROLE auth_service_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
CREATE ROLE auth_service_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
CREATE ROLE auth_service_reader LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
CREATE DATABASE auth_service OWNER auth_service_owner
REVOKE ALL ON DATABASE auth_service FROM PUBLIC
GRANT CONNECT ON DATABASE auth_service TO auth_service_app, auth_service_reader
";

/// Who the server runs as: this process's user, or `postgres` when that is root, whom PostgreSQL refuses.
pub(crate) struct Account {
    uid: u32,
    gid: u32,
    is_other: bool,
}

impl Account {
    pub(crate) fn find() -> Result<Self, LaunchError> {
        let own = fs::metadata("/proc/self").map_err(LaunchError::io("read /proc/self"))?;
        if own.uid() != 0 {
            return Ok(Self {
                uid: own.uid(),
                gid: own.gid(),
                is_other: false,
            });
        }
        let accounts = fs::read_to_string("/etc/passwd").map_err(LaunchError::io("read /etc/passwd"))?;
        let ids = accounts.lines().find_map(|line| {
            let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        });
        let (uid, gid) = ids.ok_or(LaunchError::Missing("the account `postgres`"))?;
        Ok(Self {
            uid,
            gid,
            is_other: true,
        })
    }

    pub(crate) fn dropped_to(&self) -> Option<(u32, u32)> {
        self.is_other.then_some((self.uid, self.gid))
    }

    /// Under `/tmp` because the other account must reach it and a socket's path may have 107 bytes.
    pub(crate) fn create_folder(&self) -> Result<PathBuf, LaunchError> {
        let folder = PathBuf::from(format!("/tmp/rsp-pg-{}", random_hex(6)?));
        self.make_folder(&folder)?;
        Ok(folder)
    }

    /// Nobody else can enter it.
    pub(crate) fn make_folder(&self, folder: &Path) -> Result<(), LaunchError> {
        fs::DirBuilder::new()
            .mode(0o700)
            .create(folder)
            .map_err(LaunchError::io(format!("create {}", folder.display())))?;
        chown(folder, Some(self.uid), Some(self.gid)).map_err(LaunchError::io("hand over the data folder"))
    }

    fn run(&self, command: &mut Command, input: &str) -> Result<(), LaunchError> {
        let program = command.get_program().to_string_lossy().into_owned();
        if self.is_other {
            command.uid(self.uid).gid(self.gid);
        }
        command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(LaunchError::io(format!("start {program}")))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin
                .write_all(input.as_bytes())
                .map_err(LaunchError::io(format!("write to {program}")))?;
        }
        let output = child
            .wait_with_output()
            .map_err(LaunchError::io(format!("wait for {program}")))?;
        let tail = String::from_utf8_lossy(&output.stderr).into_owned();
        // Single-user mode ends with 0 even when a statement failed.
        if output.status.success() && !tail.contains("ERROR:") {
            Ok(())
        } else {
            Err(LaunchError::Ended { program, tail })
        }
    }
}

pub(crate) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

pub(crate) fn newest_bin() -> Result<PathBuf, LaunchError> {
    let versions = fs::read_dir("/usr/lib/postgresql").map_err(|_| LaunchError::Missing("PostgreSQL"))?;
    let version = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok())
    };
    let newest = versions
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").exists() && path.join("bin/postgres").exists())
        .max_by_key(version);
    Ok(newest.ok_or(LaunchError::Missing("PostgreSQL"))?.join("bin"))
}

/// Fills the data folder: copied from a cluster kept between runs, which is made when there is none.
pub(crate) fn prepare(bin: &Path, account: &Account, folder: &Path) -> Result<(), LaunchError> {
    let mut hasher = DefaultHasher::new();
    (bin, BOOTSTRAP, account.uid).hash(&mut hasher);
    let template = PathBuf::from(format!("/tmp/rsp-pg-template-{:016x}", hasher.finish()));
    // The name can be guessed, so a template made by anyone else is not used.
    let is_ours = |path: &Path| {
        fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == account.uid)
    };
    let data = data(folder);
    if is_ours(&template) {
        account.run(Command::new("cp").arg("-r").args([&template, &data]), "")?;
    } else {
        let options = [
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ];
        account.run(
            Command::new(bin.join("initdb"))
                .arg("-D")
                .arg(&data)
                .args(options)
                .args(["-U", SUPERUSER]),
            "",
        )?;
        account.run(
            Command::new(bin.join("postgres"))
                .args(["--single", "-F", "-D"])
                .arg(&data)
                .arg("postgres"),
            BOOTSTRAP,
        )?;
        let copy = template.with_extension(random_hex(4)?);
        account.run(Command::new("cp").arg("-r").args([&data, &copy]), "")?;
        if fs::rename(&copy, &template).is_err() {
            // Another run was first; its copy is as good.
            drop(fs::remove_dir_all(&copy));
        }
    }
    let rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), rules).map_err(LaunchError::io("write pg_hba.conf"))
}
