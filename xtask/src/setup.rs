//! `cargo xtask setup`: what the tests need beside Rust, through the machine's ordinary package managers.
//!
//! Safe to repeat, and over in a moment when nothing is missing. Where it may not install it says what is missing.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::{self, is_installed, output_of, run_with};
use crate::root;

/// Something tests need from the system.
struct Need {
    /// Debian package that brings it.
    package: &'static str,
    /// What it is for.
    purpose: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        package: "gcc",
        purpose: "building the cryptography and SQLite",
        is_there: || is_installed("cc"),
    },
    Need {
        package: "postgresql",
        purpose: "tests on PostgreSQL",
        is_there: has_postgresql,
    },
    Need {
        package: "redis-server",
        purpose: "tests on Redis",
        is_there: || is_installed("redis-server"),
    },
    Need {
        package: "faketime",
        purpose: "drills that set the clock",
        is_there: has_faketime,
    },
    Need {
        package: "chromium",
        purpose: "browser tests",
        is_there: || is_installed("chromium"),
    },
    Need {
        package: "fonts-liberation",
        purpose: "readable screenshots",
        is_there: has_fonts,
    },
    Need {
        package: "nodejs",
        purpose: "openid-client and Playwright",
        is_there: || is_installed("node"),
    },
    Need {
        package: "npm",
        purpose: "openid-client and Playwright",
        is_there: || is_installed("npm"),
    },
    Need {
        package: "python3-venv",
        purpose: "Authlib",
        is_there: has_python_venv,
    },
];

const WRK: Need = Need {
    package: "wrk",
    purpose: "measuring",
    is_there: || is_installed("wrk"),
};

const GLEWLWYD: Need = Need {
    package: "glewlwyd",
    purpose: "another server to measure beside",
    is_there: || is_installed("glewlwyd"),
};

/// Folder of the Node and Python packages, relative to the workspace.
pub const INTEROP: &str = "tests/interop";

/// Installs whatever is missing.
pub fn run() -> Result<()> {
    system_packages(&NEEDS.iter().filter(|need| !(need.is_there)()).collect::<Vec<_>>())?;
    node_packages(INTEROP)?;
    python_packages()?;
    println!("setup: everything the tests need is there");
    Ok(())
}

/// Installs the load generator if it is missing.
pub fn load_generator() -> Result<()> {
    if (WRK.is_there)() {
        Ok(())
    } else {
        system_packages(&[&WRK])
    }
}

/// Installs Glewlwyd, another server to measure beside, if it is missing.
pub fn glewlwyd() -> Result<()> {
    if (GLEWLWYD.is_there)() {
        Ok(())
    } else {
        system_packages(&[&GLEWLWYD])
    }
}

/// Installs what `cargo xtask bench` needs. It does so by itself too; this is for machines that will be offline then.
pub fn bench() -> Result<()> {
    load_generator()?;
    for (name, installed) in [("oidc-provider", oidc_provider()), ("glewlwyd", glewlwyd())] {
        if let Err(error) = installed {
            println!("setup: {name} will not be measured: {error:#}");
        }
    }
    Ok(())
}

fn system_packages(missing: &[&Need]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.package).collect();
    for need in missing {
        println!("setup: {} is missing ({})", need.package, need.purpose);
    }
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !is_installed("apt-get") {
        bail!(
            "install these with your package manager (Debian's names): {}",
            names.join(" ")
        );
    }
    if !is_root {
        bail!(
            "run as root: apt-get install --no-install-recommends {}",
            names.join(" ")
        );
    }
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    run_with("apt-get", &["update", "-qq"], &quiet)?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&names);
    run_with("apt-get", &arguments, &quiet)?;
    match missing.iter().find(|need| !(need.is_there)()) {
        Some(need) => bail!("{} was installed but does not work here", need.package),
        None => Ok(()),
    }
}

/// Folder of the Node packages of another server to measure beside, relative to the workspace.
pub const OIDC_PROVIDER: &str = "bench/peers/oidc-provider";

/// Installs the Node packages of [`OIDC_PROVIDER`].
pub fn oidc_provider() -> Result<()> {
    if !is_installed("node") || !is_installed("npm") {
        bail!("Node and npm are not installed");
    }
    node_packages(OIDC_PROVIDER)
}

fn node_packages(list: &str) -> Result<()> {
    let folder = root().join(list);
    let stamp = Stamp::of(
        &folder.join("package-lock.json"),
        folder.join("node_modules/.setup"),
    )?;
    stamp.unless_current(|| {
        command::run(
            "npm",
            &[
                "ci",
                "--prefix",
                list,
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
            ],
        )
    })
}

fn python_packages() -> Result<()> {
    let folder = root().join(INTEROP);
    let stamp = Stamp::of(&folder.join("requirements.txt"), folder.join(".venv/.setup"))?;
    let venv = format!("{INTEROP}/.venv");
    stamp.unless_current(|| {
        command::run("python3", &["-m", "venv", "--clear", &venv])?;
        let list = format!("{INTEROP}/requirements.txt");
        command::run(
            &format!("{venv}/bin/python"),
            &["-m", "pip", "install", "--quiet", "--no-deps", "-r", &list],
        )
    })
}

/// Remembers which version of a list of packages was installed.
struct Stamp {
    file: PathBuf,
    wanted: String,
}

impl Stamp {
    fn of(list: &Path, file: PathBuf) -> Result<Self> {
        let text = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Ok(Self {
            file,
            wanted: format!("{:016x}", hasher.finish()),
        })
    }

    fn unless_current(&self, install: impl FnOnce() -> Result<()>) -> Result<()> {
        if fs::read_to_string(&self.file).is_ok_and(|found| found == self.wanted) {
            return Ok(());
        }
        install()?;
        fs::write(&self.file, &self.wanted).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

fn has_postgresql() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    versions
        .map(|version| version.path().join("bin/initdb"))
        .any(|initdb| initdb.exists())
}

fn has_faketime() -> bool {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .any(|library| library.exists())
}

fn has_fonts() -> bool {
    Path::new("/usr/share/fonts/truetype/liberation").exists()
        || Path::new("/usr/share/fonts/truetype/dejavu").exists()
}

fn has_python_venv() -> bool {
    is_installed("python3") && output_of("python3", &["-c", "import ensurepip, venv"]).is_ok()
}
