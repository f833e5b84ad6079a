#include "test/random/reduce.h"

#include <string>
#include <unordered_set>

namespace w2w::random_programs {

namespace {

size_t count(const Body &b) {
  size_t n = b.size();
  for (const Statement &s : b)
    for (const Body &inner : s.bodies)
      n += count(inner);
  return n;
}

/// Every body of the program, outermost first.
void collect(Body &b, std::vector<Body *> &all) {
  all.push_back(&b);
  for (Statement &s : b)
    for (Body &inner : s.bodies)
      collect(inner, all);
}

std::vector<Body *> bodies(Program &p) {
  std::vector<Body *> all;
  collect(p.body, all);
  for (Function &f : p.functions)
    collect(f.body, all);
  return all;
}

class Reducer {
public:
  Reducer(Program program, const std::function<bool(const Program &)> &fails, unsigned budget)
      : best_(std::move(program)), fails_(fails), budget_(budget) {}

  Program run() {
    bool progress = true;
    while (progress && budget_ > 0) {
      progress = false;
      if (best_.blocks > 1) // half the work for all that follow
        progress |= attempt([](Program &p) { return p.blocks = 1, true; });
      for (size_t which = 0; which < bodies(best_).size(); ++which)
        progress |= remove_from(which);
      progress |= replace_by_bodies();
    }
    return std::move(best_);
  }

private:
  /// Keeps the change if the program still fails.
  bool attempt(const std::function<bool(Program &)> &change) {
    if (budget_ == 0)
      return false;
    Program candidate = best_;
    if (!change(candidate) || !tried_.insert(print(candidate)).second)
      return false;
    --budget_;
    if (!fails_(candidate))
      return false;
    best_ = std::move(candidate);
    return true;
  }

  /// Removes what it can of one body: all of it first, then ever smaller parts. Outer bodies come
  /// before those in their statements, so that large parts of the program go first.
  bool remove_from(size_t which) {
    bool progress = false;
    for (size_t chunk = bodies(best_)[which]->size(); chunk > 0; chunk /= 2)
      for (size_t start = 0; start < bodies(best_)[which]->size();) {
        bool removed = attempt([&](Program &p) {
          Body &b = *bodies(p)[which];
          b.erase(b.begin() + static_cast<long>(start),
                  b.begin() + static_cast<long>(std::min(start + chunk, b.size())));
          return true;
        });
        progress |= removed;
        if (!removed)
          start += chunk;
        if (budget_ == 0)
          return progress;
      }
    return progress;
  }

  /// An if, loop or switch by what is in it. Cross-thread statements are only right in their place:
  /// such bodies stay.
  bool replace_by_bodies() {
    bool progress = false;
    for (size_t which = 0; which < bodies(best_).size(); ++which)
      for (size_t i = 0; i < bodies(best_)[which]->size(); ++i)
        progress |= attempt([&](Program &p) {
          Body &b = *bodies(p)[which];
          if (b[i].bodies.empty())
            return false;
          Body flat;
          for (Body &inner : b[i].bodies)
            for (Statement &s : inner) {
              if (s.kind == Statement::Kind::Shuffle && s.mode == "leader")
                return false;
              flat.push_back(std::move(s));
            }
          b.erase(b.begin() + static_cast<long>(i));
          b.insert(b.begin() + static_cast<long>(i), flat.begin(), flat.end());
          return true;
        });
    return progress;
  }

  Program best_;
  const std::function<bool(const Program &)> &fails_;
  unsigned budget_;
  std::unordered_set<std::string> tried_; // a later round comes to the same candidates
};

} // namespace

size_t size(const Program &program) {
  size_t n = count(program.body);
  for (const Function &f : program.functions)
    n += count(f.body);
  return n;
}

Program reduce(Program program, const std::function<bool(const Program &)> &fails,
               unsigned budget) {
  return Reducer(std::move(program), fails, budget).run();
}

} // namespace w2w::random_programs
