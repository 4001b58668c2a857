// A chatbridge.v1 client whose dialect the test speaks.
#pragma once
#include "bridge/v1_dialect.hpp"
#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge::test {

using nlohmann::json;
using Objects = std::vector<json>;

struct V1Person {
  explicit V1Person(Bench& bench) : bench(bench), reader(bench, Wire::json_frame, Via::ws), dialect(*reader) {}
  // What comes back, and what else has come but presence.
  Objects send(const std::string& frame) {
    reader.got.clear();
    // What is not taken at once is given again when the client is not congested any more.
    std::string_view rest = frame;
    for (bool waited = false; !rest.empty() && !waited; bench.poll()) {
      waited = reader->congested();
      rest.remove_prefix(dialect.input(rest));
    }
    bench.poll();
    auto got = reader.objects();
    std::erase_if(got, [](const json& o) { return o["type"] == "presence"; });
    return got;
  }
  Objects request(const json& object) { return send(object.dump()); }
  json hello(json with = {}) {
    with["type"] = "hello";
    return request(with).at(0);
  }
  Objects join(json with = {}) {
    with["type"] = "join";
    if (!with.contains("room")) with["room"] = "lobby";
    return request(with);
  }
  Objects say(const std::string& text, const std::string& id = {}) {
    return request(json{{"type", "message"}, {"room", "lobby"}, {"text", text}, {"id", id}});
  }
  Bench& bench;
  Reader reader;
  V1Dialect dialect;
};

struct V1Scene {
  explicit V1Scene(std::size_t keep = SIZE_MAX, HubOptions o = {}) : journal(keep, 2), bench(journal, std::move(o)) {}
  ListJournal journal;
  Bench bench;
};

}  // namespace chatbridge::test
