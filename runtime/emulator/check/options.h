// W2W_CHECK: which checks the program asks for, e.g. W2W_CHECK=memory,race,limit=20.
#pragma once

#include <string>
#include <string_view>

namespace w2w::emu::check {

struct Options {
  bool memory = false;
  bool race = false;
  bool uninit = false;
  bool barrier = false;
  unsigned limit = 100; ///< reports that are printed; errors beyond it are only counted
  bool any() const { return memory || race || uninit || barrier; }
};

/// Of W2W_CHECK, read once; nothing is checked if it holds an unknown word.
const Options &options();
/// Why W2W_CHECK cannot be obeyed; empty if it can. Devices refuse to work then.
std::string configuration_error();

/// For tests. False, with `error` listing the known words, on a word that is none.
bool parse_options(std::string_view text, Options &out, std::string &error);

} // namespace w2w::emu::check
