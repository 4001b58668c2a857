// The API without a port: requests in, answers out, on a bench whose journal answers when told.
#pragma once
#include <catch2/catch.hpp>
#include <optional>

#include "bridge/api.hpp"
#include "support/bench.hpp"
#include "support/journals.hpp"

namespace chatbridge::test {

using Headers = std::vector<std::pair<std::string, std::string>>;
namespace http = boost::beast::http;

struct ApiServer {
  explicit ApiServer(std::size_t keep = SIZE_MAX, HubOptions options = {}) : kept(keep), bench(journal, options) {
    journal.hold_appends = false;
  }

  static HttpRequest request(http::verb method, const std::string& target, const Headers& headers = {},
                             const std::string& body = {}) {
    HttpRequest r(method, target, 11);
    r.set(http::field::host, "localhost:8080");
    for (const auto& [field, value] : headers) {
      if (field == "Host") {
        r.set(field, value);
      } else {
        r.insert(field, value);
      }
    }
    r.body() = body;
    return r;
  }

  // What becomes of it, as far as the journal has answered.
  std::shared_ptr<std::optional<Outcome>> begin(const HttpRequest& r) {
    auto out = std::make_shared<std::optional<Outcome>>();
    bench.on_shard([&] {
      const auto copy = std::make_unique<HttpRequest>(r);  // gone when the call returns
      under_way.push_back(api.handle(*copy, {*bench.shards[0], host}, [out](Outcome o) {
        if (*out) throw std::logic_error("answered twice");
        *out = std::move(o);
      }));
    });
    return out;
  }
  HttpResponse ask(const HttpRequest& r) { return std::get<HttpResponse>(begin(r)->value()); }
  HttpResponse get(const std::string& target, const Headers& headers = {}) {
    return ask(request(http::verb::get, target, headers));
  }
  HttpResponse post(const std::string& body, const Headers& headers = {}, const std::string& name = "lobby") {
    return ask(request(http::verb::post, "/api/rooms/" + name + "/messages", headers, body));
  }
  nlohmann::json history(const std::string& query = {}, const std::string& name = "lobby") {
    return nlohmann::json::parse(get("/api/rooms/" + name + "/messages" + query).body());
  }
  Listen events(const std::optional<std::string>& last_id = {}) {
    Headers headers;
    if (last_id) headers.emplace_back("Last-Event-ID", *last_id);
    return std::get<Listen>(begin(request(http::verb::get, "/api/rooms/lobby/events", headers))->value());
  }

  Host host;  // who asks
  ListJournal kept;
  DelayedJournal journal{kept};
  Bench bench;
  Guard guard{{}, {"https://friend.example"}, "box"};
  std::atomic<Readiness> readiness{Readiness::ready};
  Api api{bench.hub, guard, readiness};
  std::vector<std::shared_ptr<void>> under_way;  // the requests' own
};

inline std::string header(const HttpResponse& r, const std::string& field) { return std::string(view(r[field])); }

inline void is_error(const HttpResponse& r, unsigned status, const std::string& code) {
  INFO(r.body());
  CHECK(r.result_int() == status);
  CHECK(header(r, "Content-Type") == "application/json");
  const auto error = nlohmann::json::parse(r.body())["error"];
  CHECK(error["code"] == code);
  CHECK_FALSE(error["message"].get<std::string>().empty());
}

// Says `n` things in the lobby, "1" and so on.
inline void fill(ApiServer& s, int n, std::size_t bytes = 0) {
  for (int i = 1; i <= n; ++i)
    REQUIRE(s.post(nlohmann::json{{"text", std::to_string(i) + std::string(bytes, 'x')}}.dump()).result_int() == 201);
}

}  // namespace chatbridge::test
