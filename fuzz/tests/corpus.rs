//! The kept inputs, through their targets: what fuzzing has found stays found.

use std::fs;

#[test]
fn every_kept_input_holds() {
    for target in fuzz::TARGETS {
        let folder = fuzz::corpus().join(target.name);
        let mut count = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let input = fs::read(entry.unwrap().path()).unwrap();
            (target.run)(&input);
            count += 1;
        }
        assert!(count >= 3, "{} has no inputs to start from", target.name);
    }
}

#[test]
fn every_folder_has_a_target() {
    for entry in fs::read_dir(fuzz::corpus()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(fuzz::find(&name).is_some(), "{name}");
    }
}
