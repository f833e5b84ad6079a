// The verbs of w2w. Each takes its own arguments (argv[0] is the verb) and returns the process's
// exit status: 0 done, 1 refused or failed with a message on stderr, 2 wrong usage.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace w2w::tool {

using Args = std::vector<std::string>;

int fatbin_command(const Args &args);
int inspect_command(const Args &args);
int run_command(const Args &args);
int doctor_command(const Args &args);
int cache_command(const Args &args);

/// One verb: name, usage line and one-line purpose for --help.
struct Command {
  std::string_view name, usage, purpose;
  int (*run)(const Args &args);
};

/// "w2w VERB: error: MESSAGE" on stderr; returns 1.
int fail(std::string_view verb, std::string_view message);
/// The same for wrong usage, with the verb's usage line; returns 2.
int misuse(std::string_view verb, std::string_view message);

/// `arg` is "NAME=VALUE": sets value and returns true.
bool option_value(std::string_view arg, std::string_view name, std::string &value);

} // namespace w2w::tool
