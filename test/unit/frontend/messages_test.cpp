// Every message of the frontend is tested: messages.txt holds, for each, a text that provokes it
// and all that is said about the text. What messages there are is read from the sources: every
// string of two words or more in parse/ and sema/.
//
// messages.txt is a list of blocks: a line `%%`, lines `= LINE:COLUMN: MESSAGE` for every error in
// order, and the PTX text.
#include "frontend/parse/parse.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Block {
  std::vector<std::string> messages;
  std::string text;
};

std::vector<Block> read_blocks() {
  std::vector<Block> out;
  const std::string all = read(W2W_MESSAGES_DIR "/messages.txt");
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\n', at), all.size());
    const std::string line = all.substr(at, end - at);
    at = end + 1;
    if (line == "%%")
      out.emplace_back();
    else if (out.empty())
      continue; // the comment at the top
    else if (line.starts_with("= "))
      out.back().messages.push_back(line.substr(2));
    else
      out.back().text += line + "\n";
  }
  return out;
}

std::vector<std::string> said_about(const std::string &text) {
  w2w::ptx::Diagnostics diags;
  const w2w::ptx::ParsedModule parsed = w2w::ptx::parse("message", text, diags);
  const w2w::ptx::SourceText source("message", text);
  std::vector<std::string> out;
  for (const w2w::ptx::Diagnostic &d : diags.list())
    if (d.severity != w2w::ptx::Severity::Note || d.message.starts_with("too many errors")) {
      const auto p = source.position(d.loc);
      out.push_back(std::to_string(p.line) + ":" + std::to_string(p.column) + ": " + d.message);
    }
  return out;
}

/// String literals of a source, adjacent ones joined; comments, includes and static_asserts aside.
std::vector<std::string> literals(const std::string &source) {
  std::vector<std::string> out;
  bool adjacent = false; // only white space since the last literal
  for (size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (c == '/' && i + 1 < source.size() && source[i + 1] == '/') {
      i = std::min(source.find('\n', i), source.size());
    } else if (c == '#') {
      i = std::min(source.find('\n', i), source.size());
    } else if (c == '\'' && !(i && isalnum(static_cast<unsigned char>(source[i - 1])))) {
      i += source[i + 1] == '\\' ? 3 : 2;
      adjacent = false;
    } else if (c == '"') {
      std::string text;
      for (++i; i < source.size() && source[i] != '"'; ++i) {
        if (source[i] == '\\')
          ++i;
        text += source[i];
      }
      if (adjacent)
        out.back() += text;
      else
        out.push_back(text);
      adjacent = true;
    } else if (!isspace(static_cast<unsigned char>(c))) {
      adjacent = false;
    }
  }
  return out;
}

/// Whether `message` holds what the format says: the pieces between the `{}` in their order.
bool holds(const std::string &message, const std::string &format) {
  size_t at = 0;
  std::string piece;
  auto found = [&] {
    at = piece.empty() ? at : message.find(piece, at);
    if (at == std::string::npos)
      return false;
    at += piece.size();
    piece.clear();
    return true;
  };
  for (size_t i = 0; i < format.size(); ++i) {
    const bool doubled = i + 1 < format.size() && format[i] == format[i + 1];
    if ((format[i] == '{' || format[i] == '}') && doubled) {
      piece += format[i++];
    } else if (format[i] == '{') {
      if (!found())
        return false;
      i = format.find('}', i);
    } else {
      piece += format[i];
    }
  }
  return found();
}

bool is_message(const std::string &s) {
  const size_t space = s.find(' ');
  if (space == std::string::npos || s.find_first_of("abcdefghijklmnopqrstuvwxyz") == s.npos)
    return false;
  return s.find_first_not_of(' ') != s.npos && s.size() > 3;
}

/// Texts too long for messages.txt.
std::vector<std::string> long_texts() {
  const std::string head = ".version 9.0\n.target sm_90\n.address_size 64\n";
  auto repeat = [](std::string_view s, size_t n) {
    std::string out;
    while (n--)
      out += s;
    return out;
  };
  return {
      head + ".entry k() {\n" + repeat("bad;\n", 1001) + "}\n",
      head + ".entry k() { .reg .b32 a; add.u32 {a" + repeat(", a", 70000) + "}, a, a; }\n",
      head + ".global .b32 x" + repeat("[1]", 300) + " = " + repeat("{", 300) + "1" +
          repeat("}", 300) + ";\n",
  };
}

} // namespace

TEST_CASE("messages are as recorded", "[messages]") {
  for (const Block &b : read_blocks()) {
    INFO(b.text);
    CHECK(said_about(b.text) == b.messages);
  }
}

TEST_CASE("every message has a test", "[messages]") {
  std::vector<std::string> tested;
  for (const Block &b : read_blocks())
    tested.insert(tested.end(), b.messages.begin(), b.messages.end());
  tested.push_back("PTX text of 4 GiB or more is not supported"); // below
  for (const std::string &text : long_texts())
    for (std::string &m : said_about(text))
      tested.push_back(std::move(m));
  size_t count = 0;
  for (const char *folder : {"/parse", "/sema"})
    for (const auto &entry : fs::directory_iterator(W2W_FRONTEND_DIR + std::string(folder))) {
      if (entry.path().extension() != ".cpp")
        continue;
      for (const std::string &s : literals(read(entry.path()))) {
        if (!is_message(s))
          continue;
        ++count;
        INFO(entry.path().filename().string() << ": " << s);
        CHECK(std::any_of(tested.begin(), tested.end(),
                          [&](const std::string &m) { return holds(m, s); }));
      }
    }
  CHECK(count > 200); // the sources were found
}

TEST_CASE("a text of 4 GiB is refused before it is read", "[messages]") {
  w2w::ptx::Diagnostics diags;
  const std::string text;
  w2w::ptx::parse("message", std::string_view(text.data(), size_t{UINT32_MAX}), diags);
  REQUIRE(diags.error_count() == 1);
  CHECK(diags.list()[0].message == "PTX text of 4 GiB or more is not supported");
}

TEST_CASE("every message has a place, its line with a caret, and a section", "[messages]") {
  for (const Block &b : read_blocks()) {
    w2w::ptx::Diagnostics diags;
    const w2w::ptx::ParsedModule parsed = w2w::ptx::parse("message.ptx", b.text, diags);
    const w2w::ptx::SourceText source("message.ptx", b.text);
    for (const w2w::ptx::Diagnostic &d : diags.list()) {
      INFO(b.text << d.message);
      CHECK(d.loc.offset <= b.text.size());
      const auto p = source.position(d.loc);
      const std::string shown = render(d, source);
      // Of several linked modules, each has lines of its own and its name in front of them.
      const bool linked = b.text.starts_with("//w2w: linked");
      CHECK((linked || shown.starts_with("message.ptx:" + std::to_string(p.line) + ":" +
                                         std::to_string(p.column) + ": ")));
      CHECK(std::count(shown.begin(), shown.end(), '\n') == 3);
      CHECK(shown.ends_with("^\n"));
      // Bytes that are no PTX, and notes beside a message, belong to no section.
      const bool lexical = d.message.find("character") != std::string::npos ||
                           d.message.starts_with("unterminated") ||
                           d.message.starts_with("preprocessor") || d.message == "stray '.'" ||
                           d.message == "the list of linked PTX modules is damaged";
      CHECK((lexical || d.severity == w2w::ptx::Severity::Note || !d.section.empty()));
    }
  }
}
