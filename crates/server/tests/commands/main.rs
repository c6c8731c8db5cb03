//! The program as operators run it: a process, its files, its answers.

#[cfg(test)]
mod init;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod tenant;
