//! Units for service managers. They are printed, never installed: where they go is the user's business.

use std::path::Path;
use std::time::Duration;

use car_server::config::{Config, Origin, Raw};

use super::arguments::Manager;
use super::failure::Failure;

/// What a stop may take beyond the drain time.
const GRACE: Duration = Duration::from_secs(5);

/// A unit that starts this program with the options of this command line.
pub(super) fn unit(manager: Manager, config: &Config) -> Result<String, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::error(format!("cannot tell where this program is: {error}")))?;
    let words = words(&program, config)?;
    let stop_seconds = (config.drain_time.value + GRACE).as_secs();
    Ok(match manager {
        Manager::Systemd => systemd(&words, stop_seconds),
        Manager::Launchd => launchd(&words, &config.home.value, stop_seconds),
    })
}

/// The command line: this program, and the options that came from flags.
fn words(program: &Path, config: &Config) -> Result<Vec<String>, Failure> {
    let Some(program) = program.to_str() else {
        return Err(Failure::error("the path of this program is not Unicode"));
    };
    let mut words = vec![program.to_owned()];
    for shown in config.shown() {
        let Origin::Flag(flag) = shown.origin else {
            continue;
        };
        let values = match shown.value {
            Raw::List(values) => values,
            single => vec![single],
        };
        for value in values {
            let value = match value {
                Raw::Text(text) => text,
                other => other.to_string(),
            };
            words.push(format!("--{flag}={value}"));
        }
    }
    Ok(words)
}

fn systemd(words: &[String], stop_seconds: u64) -> String {
    let command: Vec<_> = words.iter().map(|word| systemd_word(word)).collect();
    format!(
        "\
# Install: car-server service systemd > ~/.config/systemd/user/car-server.service
#          systemctl --user daemon-reload && systemctl --user enable --now car-server
# Logs:    journalctl --user -u car-server

[Unit]
Description=Common Agent Runtime daemon
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
ExecStart={command}
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=2
TimeoutStopSec={stop_seconds}
KillMode=mixed
LimitNOFILE=16384
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=default.target
",
        command = command.join(" ")
    )
}

/// A word of `ExecStart`: quoted, with the characters doubled that systemd would replace.
fn systemd_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_=.,:@+".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    let word = word
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    format!("\"{word}\"")
}

fn launchd(words: &[String], home: &Path, stop_seconds: u64) -> String {
    let words: String = words
        .iter()
        .map(|word| format!("    <string>{}</string>\n", xml(word)))
        .collect();
    let log = xml(&home.join("car-server.log").to_string_lossy());
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Install: car-server service launchd > ~/Library/LaunchAgents/car-server.plist
              launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/car-server.plist -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>car-server</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>5</integer>
  <key>ExitTimeOut</key>
  <integer>{stop_seconds}</integer>
  <key>ProcessType</key>
  <string>Interactive</string>
  <key>Umask</key>
  <integer>63</integer>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>16384</integer>
  </dict>
  <key>StandardErrorPath</key>
  <string>{log}</string>
</dict>
</plist>
"#
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use car_server::config::{Environment, Flags};

    use super::*;

    fn config(flags: Flags) -> Config {
        let environment = Environment::of([("HOME".to_owned(), "/u/ada")]);
        Config::load(&flags, &environment).unwrap()
    }

    #[test]
    fn a_unit_starts_the_program_with_the_flags_of_the_command_line_only() {
        let flags = Flags::default()
            .with("home", "/u/a b")
            .with("gate", "state.set")
            .with("gate", "verify")
            .with("no_auth", "true");
        let words = words(Path::new("/bin/car-server"), &config(flags)).unwrap();
        let wanted = [
            "/bin/car-server",
            "--home=/u/a b",
            "--no-auth=true",
            "--gate=state.set",
            "--gate=verify",
        ];
        assert_eq!(words, wanted);
    }

    #[test]
    fn a_systemd_word_is_quoted_where_systemd_would_change_it() {
        assert_eq!(systemd_word("--home=/u/ada"), "--home=/u/ada");
        assert_eq!(systemd_word(r#"a %b$c"d\"#), r#""a %%b$$c\"d\\""#);
    }

    #[test]
    fn the_time_to_stop_is_longer_than_the_drain_time() {
        let config = config(Flags::default().with("drain_time", "30s"));
        assert!(
            unit(Manager::Systemd, &config)
                .unwrap()
                .contains("TimeoutStopSec=35\n")
        );
        assert!(
            unit(Manager::Launchd, &config)
                .unwrap()
                .contains("<integer>35</integer>")
        );
    }

    #[test]
    fn a_plist_escapes_what_xml_would_read() {
        let plist = launchd(&["/bin/a&b<c>".to_owned()], Path::new("/u/ada/.car"), 15);
        assert!(plist.contains("<string>/bin/a&amp;b&lt;c&gt;</string>"));
        assert!(plist.contains("<string>/u/ada/.car/car-server.log</string>"));
    }
}
